import { copyFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildKamalProxy } from "../../../ci/lab/binaries.js";
import { run } from "../../../ci/lab/command.js";
import { type Lab, openLab, type Target } from "../../../ci/lab/lab.js";
import { findPlace } from "../../../ci/lab/place.js";
import { byDigest, pushed } from "../../support/lab-registry.js";
import { openShell, type Shell } from "./shell.js";

/** A host of the lab and, in the lab's registry, everything that runs on it: `repository@sha256:…` each. */
export interface Stage {
  readonly lab: Lab;
  readonly target: Target;
  readonly images: { readonly app: string; readonly peers: string };
  /** The host's own `docker`; rejects when it fails. */
  docker(...args: readonly string[]): Promise<string>;
  /** A shell on the host, or wherever the words lead to from there. */
  shell(...words: readonly string[]): Shell;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const lab = await openLab();
  process.stderr.write("building kamal-proxy, HAProxy and nginx where they are not there yet\n");
  const kamalProxy = join(await buildKamalProxy(run, findPlace()), "kamal-proxy");
  const images = {
    app: await buildImage(lab, "app"),
    peers: await buildImage(lab, "peers", { "kamal-proxy": kamalProxy }),
  };
  const target = await lab.freshTarget();
  return {
    ...{ lab, target, images },
    docker: async (...args) => {
      const { code, stdout, stderr } = await lab.onTarget(target, ["docker", ...args]);
      if (code !== 0) throw new Error(`docker ${args.join(" ")} ended with ${code}: ${stderr}`);
      return stdout.trim();
    },
    shell: (...words) => openShell(lab.startOnTarget(target, [...words, "sh"])),
    close: () => lab.destroyTarget(target),
  };
}

async function buildImage(lab: Lab, name: string, files: Readonly<Record<string, string>> = {}) {
  const context = mkdtempSync(join(tmpdir(), "evenkeel-bench-"));
  try {
    cpSync(join(import.meta.dirname, name), context, { recursive: true });
    for (const [to, from] of Object.entries(files)) copyFileSync(from, join(context, to));
    const local = `evenkeel-lab-bench-${name}`;
    // The machine's network, because the lab's own daemon has no default bridge.
    const options = ["--network", "host", "--build-arg", `BASE=${lab.nodeImage}`, "--tag", local];
    await lab.docker("build", "--quiet", ...options, context);
    const id = await lab.docker("image", "inspect", "--format", "{{.Id}}", local);
    const tag = `bench/${name}:${id.replace("sha256:", "")}`;
    return (await byDigest(`${lab.registry}/${tag}`)) ?? (await pushed(lab, local, tag));
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}
