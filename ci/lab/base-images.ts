import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "./command.js";
import type { Docker } from "./docker.js";
import { buildImage } from "./image.js";
import { needPrograms } from "./packages.js";
import { buildPart, recipeHash } from "./part.js";
import type { Place } from "./place.js";
import { versions } from "./versions.js";

const bundle = "/etc/ssl/certs/ca-certificates.crt";
const ownCertificates = "/usr/local/share/ca-certificates";

/**
 * `debian:bookworm-slim` as an image, by debootstrap. It trusts what this machine trusts:
 * a company's proxy in front of the package registries would refuse containers otherwise.
 */
export async function buildDebian(run: Run, docker: Docker, place: Place): Promise<string> {
  const hash = recipeHash(
    undefined,
    "minbase, ca-certificates",
    versions.debian,
    process.arch,
    ...machineCertificates(),
  );
  const tag = `evenkeel-lab/debian:${hash}`;
  if (await docker.exists("image", tag)) return tag;
  const part = await buildPart(place, "debian", hash, async (unfinished) => {
    if (process.getuid?.() !== 0) throw new Error("debootstrap needs root; run the lab as root");
    await needPrograms(run, "debootstrap");
    const root = join(unfinished, "root");
    const include = "--include=ca-certificates";
    // A mount namespace of its own, so that an interrupted run leaves no mounts behind.
    await run(["unshare", "--mount", "debootstrap", "--variant=minbase", include, versions.debian, root]);
    for (const file of listOwnCertificates())
      cpSync(join(ownCertificates, file), join(root, ownCertificates, file));
    cpSync(bundle, join(root, bundle));
    for (const bulk of ["var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/man"]) {
      rmSync(join(root, bulk), { recursive: true, force: true });
    }
    await run([
      "mkdir",
      "-p",
      join(root, "var/cache/apt/archives/partial"),
      join(root, "var/lib/apt/lists/partial"),
    ]);
    await run(["tar", "-C", root, "-cf", join(unfinished, "root.tar"), "."]);
    rmSync(root, { recursive: true });
  });
  await docker.cli(run, "import", "--change", 'CMD ["bash"]', join(part, "root.tar"), tag);
  return tag;
}

/** `node:24-bookworm-slim`, from the npm packages that carry Node and npm. */
export async function buildNode(run: Run, docker: Docker, place: Place, debian: string): Promise<string> {
  const packages = [`node-linux-${process.arch}@${versions.node}`, `npm@${versions.npm}`];
  const part = await buildPart(place, "node", recipeHash(undefined, ...packages), async (unfinished) => {
    writeFileSync(join(unfinished, "package.json"), '{ "private": true }\n');
    const flags = ["--ignore-scripts", "--no-audit", "--no-fund"];
    await run(["npm", "install", ...flags, ...packages], { cwd: unfinished });
  });
  const modules = join(part, "node_modules");
  return buildImage(run, docker, {
    name: "node",
    args: { DEBIAN: debian },
    files: { node: join(modules, `node-linux-${process.arch}`, "bin", "node"), npm: join(modules, "npm") },
  });
}

function machineCertificates(): readonly string[] {
  return existsSync(bundle) ? [readFileSync(bundle, "utf8")] : [];
}

function listOwnCertificates(): readonly string[] {
  if (!existsSync(ownCertificates)) return [];
  return readdirSync(ownCertificates).filter((file) => file.endsWith(".crt"));
}
