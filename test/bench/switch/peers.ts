import { readFileSync } from "node:fs";
import { join } from "node:path";
import { recipesFolder } from "../../../ci/lab/place.js";
import { versions } from "../../../ci/lab/versions.js";
import type { Mechanism, Slot } from "./mechanism.js";
import type { Shell } from "./shell.js";
import type { Stage } from "./stage.js";

/** Where a peer listens on the host; evenkeel has port 80. One peer runs at a time. */
const PORT = 8080;
const CONFIG = "/proxy.conf";

/** A proxy with the configuration that its manual gives for one upstream, which is all that a switch changes. */
interface Peer {
  readonly image: "caddy" | "peers";
  /** Shell; prints the version. */
  readonly version: string;
  readonly config: string;
  /** Shell; becomes the proxy. */
  readonly start: string;
  /** Shell, in the proxy's container; `SLOT` is the one to switch to. */
  readonly switchTo: string;
  /** Where the configuration does not say who serves at first: the shell that says it, tried for a while. */
  readonly first?: string;
}

const kamalDeploy = "kamal-proxy deploy bench --target peer-SLOT:3000 --health-check-path /health";
const edit = `sed -i "s/peer-[a-z]*:/peer-SLOT:/" ${CONFIG}`;

const peers: Readonly<Record<string, Peer>> = {
  "Caddy reload": {
    image: "caddy",
    version: "caddy version | sed 's/ .*//; s/^/Caddy /'",
    config: ":80 {\n\treverse_proxy peer-blue:3000\n}\n",
    start: `caddy run --config ${CONFIG} --adapter caddyfile`,
    switchTo: `${edit} && caddy reload --config ${CONFIG} --adapter caddyfile`,
  },
  "HAProxy reload": {
    image: "peers",
    version: "haproxy -v | sed -n '1s/ version / /; 1s/-.*//p'",
    config: `global
  stats socket /run/haproxy.sock mode 600 level admin expose-fd listeners
defaults
  mode http
  timeout connect 1s
  timeout client 1m
  timeout server 1m
  timeout tunnel 1h
frontend web
  bind :80
  default_backend app
backend app
  server live peer-blue:3000
`,
    // In its master-worker mode, in which a worker that is replaced hands its listeners on.
    start: `haproxy -W -db -f ${CONFIG}`,
    switchTo: `${edit} && kill -USR2 1`,
  },
  "nginx reload": {
    image: "peers",
    version: "nginx -v 2>&1 | sed 's/.*nginx./nginx /'",
    config: `worker_processes auto;
events { worker_connections 8000; }
http {
  access_log off;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream app { server peer-blue:3000; keepalive 64; }
  server {
    listen 80;
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_read_timeout 1h;
    }
  }
}
`,
    start: `nginx -c ${CONFIG} -g "daemon off;"`,
    switchTo: `${edit} && kill -HUP 1`,
  },
  "kamal-proxy": {
    image: "peers",
    version: `echo "kamal-proxy ${pinnedKamalProxy()}"`,
    config: "",
    start: "kamal-proxy run --http-port 80",
    // It returns only when everything has drained: the next switch does not wait for that.
    switchTo: `${kamalDeploy} >/dev/null 2>&1 &`,
    first: kamalDeploy,
  },
};

export const peerNames = [...Object.keys(peers), "stop, then start"];

export async function openPeer(stage: Stage, name: string): Promise<Mechanism> {
  const peer = peers[name];
  return peer === undefined ? openStopThenStart(stage, name) : openProxy(stage, name, peer);
}

async function openProxy(stage: Stage, name: string, peer: Peer): Promise<Mechanism> {
  const { docker, images, target } = stage;
  const container = (slot: Slot) => `peer-${slot}`;
  const start = `printf %s "$CONFIG" >${CONFIG}; exec ${peer.start}`;
  const image = peer.image === "caddy" ? `caddy:${versions.caddy}` : images.peers;
  await docker("network", "create", "peers");
  for (const slot of ["blue", "green"] as const)
    await docker(...runApp(stage, container(slot), slot, "--network", "peers"));
  await docker(
    ...["run", "--detach", "--name", "peer-proxy", "--network", "peers", "--publish", `${PORT}:80`],
    ...["--env", `CONFIG=${peer.config}`, "--entrypoint", "sh", image, "-c", start],
  );
  const shell = stage.shell("docker", "exec", "-i", "peer-proxy");
  const switchTo = async (slot: Slot) => void (await shell.run(peer.switchTo.replace("SLOT", slot)));
  const first = (peer.first ?? ":").replace("SLOT", "blue");
  await shell.run(`for try in $(seq 40); do ${first} && break; sleep 0.25; done`);
  return {
    ...{ name, switchTo, container, program: await shell.run(peer.version) },
    url: `http://${target.host}:${PORT}`,
    close: () => remove(stage, [shell], "peer-proxy", "peer-blue", "peer-green"),
  };
}

/** What a plain action over SSH does. */
async function openStopThenStart(stage: Stage, name: string): Promise<Mechanism> {
  const start = (slot: Slot) => runApp(stage, "peer-app", slot, "--publish", `${PORT}:3000`);
  await stage.docker(...start("blue"));
  const shell = stage.shell();
  const stop = "docker stop --time 1 peer-app && docker rm peer-app";
  return {
    name,
    program: `Docker ${await stage.docker("version", "--format", "{{.Server.Version}}")}`,
    url: `http://${stage.target.host}:${PORT}`,
    switchTo: async (slot) => void (await shell.run(`${stop} && docker ${start(slot).join(" ")}`)),
    container: () => "peer-app",
    close: () => remove(stage, [shell], "peer-app"),
  };
}

function runApp({ images }: Stage, container: string, slot: Slot, ...options: readonly string[]) {
  return ["run", "--detach", "--name", container, "--env", `VERSION=${slot}`, ...options, images.app];
}

async function remove(stage: Stage, shells: readonly Shell[], ...containers: readonly string[]) {
  for (const shell of shells) shell.close();
  await stage.docker("rm", "--force", "--volumes", ...containers);
  if (containers.length > 1) await stage.docker("network", "rm", "peers");
}

function pinnedKamalProxy(): string {
  const module = readFileSync(join(recipesFolder, "go-proxies", "go.mod"), "utf8");
  return /kamal-proxy v([\d.]+)/.exec(module)?.[1] ?? "?";
}
