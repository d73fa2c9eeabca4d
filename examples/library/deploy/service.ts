import { type Config, defineConfig } from "evenkeel";

/** What both services have in common, said once; the compiler knows every key. */
export function service(name: string, domain: string): Config {
  return defineConfig(
    {
      app: name,
      image: `registry.example.com/team/${name}`,
      build: { context: `services/${name}` },
      container: { port: 3000 },
      environments: {
        production: {
          host: "shop.example.com",
          user: "deploy",
          // `npx evenkeel host-key --config=deploy/api.ts` prints what the host offers; compare, then commit it.
          knownHosts: "../known_hosts",
          registry: { username: "robot" },
          domains: [domain],
          tls: "acme",
        },
      },
    },
    import.meta.url,
  );
}
