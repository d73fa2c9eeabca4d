import { renameSync } from "node:fs";
import { join } from "node:path";
import { execute, type Run } from "./command.js";
import { buildGo, common, goEnv, stripped } from "./go-programs.js";
import { needPackages, needPrograms } from "./packages.js";
import { type Place, recipesFolder } from "./place.js";
import { versions } from "./versions.js";

/** Dagger's engine, command line and helpers, from the Go module proxy. */
export function buildDagger(run: Run, place: Place): Promise<string> {
  const module = "github.com/dagger/dagger";
  const stamp = ["Version", "Tag"].map((name) => `-X ${module}/engine.${name}=${versions.dagger}`);
  const flags = ["-tags", "dfexcludepatterns,dfparents", ...common, `-s -w ${stamp.join(" ")}`];
  const helpers = ["init", "codegen", "dialstdio", "dnsname", "engine"];
  return goPart(place, "go-engine", flags, async (source, bin) => {
    // At once, because linking takes one core only.
    const commands = ["dagger", ...helpers].map((command) => `${module}/cmd/${command}`);
    await run(["go", "build", ...flags, "-o", `${bin}/`, ...commands], { cwd: source, env: goEnv() });
    for (const helper of helpers) renameSync(join(bin, helper), join(bin, `dagger-${helper}`));
  });
}

/** runc and the network plugins that the engine starts containers with. */
export function buildTools(run: Run, place: Place): Promise<string> {
  const plugins = ["main/bridge", "main/loopback", "ipam/host-local", "meta/firewall"];
  const packages = plugins.map((plugin) => `github.com/containernetworking/plugins/plugins/${plugin}`);
  const runc = [
    ...["-tags", "netgo osusergo seccomp"],
    ...[...common, "-s -w -linkmode external -extldflags -static"],
  ];
  return goPart(place, "go-tools", [...packages, ...runc], async (source, bin) => {
    await needPrograms(run, "gcc");
    await needPackages(run, "libseccomp-dev");
    await run(["go", "build", ...stripped, "-o", `${bin}/cni/`, ...packages], { cwd: source, env: goEnv() });
    await run(["go", "build", ...runc, "-o", join(bin, "runc"), "github.com/opencontainers/runc"], {
      cwd: source,
      env: goEnv({ CGO_ENABLED: "1" }),
    });
  });
}

export function buildCaddy(run: Run, place: Place): Promise<string> {
  const module = "github.com/caddyserver/caddy/v2";
  // Without this, `caddy version` says "unknown": it is built as a dependency of the recipe's module.
  const flags = [...common, `-s -w -X ${module}.CustomVersion=v${versions.caddy}`];
  return goPart(place, "go-proxies", flags, async (source, bin) => {
    const out = join(bin, "caddy");
    await run(["go", "build", ...flags, "-o", out, `${module}/cmd/caddy`], { cwd: source, env: goEnv() });
  });
}

/** Kamal's proxy, which a benchmark holds evenkeel's switch against; of the same recipe as Caddy. */
export function buildKamalProxy(run: Run, place: Place): Promise<string> {
  const command = "github.com/basecamp/kamal-proxy/cmd/kamal-proxy";
  return goPart(place, "go-proxies", [command, ...stripped], async (source, bin) => {
    const out = join(bin, "kamal-proxy");
    await run(["go", "build", ...stripped, "-o", out, command], { cwd: source, env: goEnv() });
  });
}

/** The machine's own `dagger` when its version fits the engine's, else nothing. */
export async function installedDagger(): Promise<string | undefined> {
  const version = await execute(["dagger", "version"]).catch(() => undefined);
  const series = versions.dagger.split(".").slice(0, 2).join(".");
  if (!version?.stdout.includes(` ${series}.`)) return undefined;
  const path = await execute(["sh", "-c", "command -v dagger"]);
  return path.stdout.trim();
}

function goPart(
  place: Place,
  name: string,
  flags: readonly string[],
  build: (source: string, bin: string) => Promise<void>,
): Promise<string> {
  return buildGo(place, name, join(recipesFolder, name), flags, build);
}
