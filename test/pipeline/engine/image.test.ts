import { createHash, randomBytes } from "node:crypto";
import type { Container } from "@dagger.io/dagger";
import { afterEach, expect, it } from "vitest";
import { build, publish } from "../../../src/pipeline/pipeline.js";
import { destinationOf } from "../../../src/publish.js";
import { buildSecretsOf } from "../../../src/release.js";
import { contentsOf, manifestOf } from "../../support/lab-registry.js";
import { leaksIn } from "../../support/secret-search.js";
import { useEngine, withoutCaches } from "./support/engine.js";
import { type Example, type Repository, repositoryOf } from "./support/repository.js";
import { workOn } from "./support/work.js";

const engine = useEngine();
let repository: Repository;
afterEach(() => repository?.remove());

/** Starts the image as a host would, and asks it. */
async function answers(image: Container, path: string): Promise<string> {
  const service = image.withExposedPort(3000).asService({ args: (await image.defaultArgs()) ?? [] });
  return engine.client
    .container()
    .from("node:24-bookworm-slim")
    .withServiceBinding("app", service)
    .withExec([
      "node",
      "-e",
      `fetch("http://app:3000${path}").then(async (r) => console.log(r.status, await r.text()))`,
    ])
    .stdout();
}

it.each<Example>(["node-npm", "node-pnpm", "node-yarn", "node-dockerfile", "python-dockerfile"])(
  "%s: an image that answers, runs without rights and holds nothing of the tests",
  async (example) => {
    repository = repositoryOf(example, engine.lab.registry);
    const { container, sizes } = await build(await workOn(engine.client, repository));
    expect(await answers(container, "/")).toMatch(/^200 Hello/);
    expect(await answers(container, "/health")).toMatch(/^200 ok/);
    const shown = await container
      .withExec(["sh", "-c", "id -u; ls -R /app; touch /app/x || echo read-only"])
      .stdout();
    expect(shown.split("\n")[0]).toBe("1000");
    expect(shown).toContain("read-only");
    expect(shown).not.toMatch(/left-pad|test/);
    expect(sizes.runtime).toBeGreaterThan(1_000_000);
    if (sizes.build !== null) expect(sizes.runtime).toBeLessThan(sizes.build);
  },
);

it("says in its labels where it comes from", async () => {
  repository = repositoryOf("node-npm", engine.lab.registry);
  const commit = repository.commit("Labelled");
  const { container } = await build(await workOn(engine.client, repository));
  const label = (name: string) => container.label(name);
  expect(await label("org.opencontainers.image.revision")).toBe(commit);
  expect(await label("org.opencontainers.image.created")).toBe("2026-01-02T03:04:05Z");
  expect(await label("org.opencontainers.image.source")).toBe("https://github.com/acme/shop");
  expect(await label("org.opencontainers.image.base.digest")).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await label("io.evenkeel.tested")).toBe("passed");
});

it.each<Example>(["node-npm", "node-pnpm", "node-yarn"])(
  "%s: the same commit makes the same image, with everything installed anew",
  async (example) => {
    repository = repositoryOf(example, engine.lab.registry);
    const once = await published();
    // To another name, where the first image is not found.
    const work = await workOn(withoutCaches(engine.client, String(Date.now())), repository);
    const again = await publish(work, await destinationOf(`${work.config.image}-again`, null));
    expect(again.reused).toBe(false);
    expect(again.image.split("@")[1]).toBe(once.split("@")[1]);
  },
);

it("a change of the source alone leaves every layer but the last as it was", async () => {
  repository = repositoryOf("node-npm", engine.lab.registry);
  const before = (await manifestOf(await published())).layers;
  repository.write("server.js", repository.read("server.js").replace("Hello", "Hello again"));
  repository.commit("Change the greeting");
  const after = (await manifestOf(await published())).layers;
  expect(after.slice(0, -1)).toEqual(before.slice(0, -1));
  expect(after.at(-1)).not.toEqual(before.at(-1));
});

it("a build secret is there for the build alone: in no layer and in no history", async () => {
  repository = repositoryOf("node-dockerfile", engine.lab.registry);
  const token = `t0ken-${randomBytes(12).toString("hex")}`;
  // A secret is no part of what a cached layer is found by, so the command itself is another each time.
  const command = `sha256sum </run/secrets/TOKEN >token.sha256 # ${randomBytes(6).toString("hex")}`;
  const mounted = `RUN --mount=type=secret,id=TOKEN ${command}\nUSER node`;
  repository.write("Dockerfile", repository.read("Dockerfile").replace("USER node", mounted));
  repository.write(
    "evenkeel.yaml",
    repository.read("evenkeel.yaml").replace("target: runtime", "target: runtime\n  secrets: [TOKEN]"),
  );
  repository.commit("Use a token");
  const work = await workOn(engine.client, repository);
  const destination = await destinationOf(work.config.image, null);
  await expect(publish(work, destination)).rejects.toMatchObject({
    code: "secrets-missing",
    detail: expect.stringContaining("TOKEN"),
  });

  const secrets = buildSecretsOf(`TOKEN=${token}`, (name, value) => engine.client.setSecret(name, value));
  const { image } = await publish({ ...work, secrets }, destination);
  const contents = await contentsOf(image);
  // That it was used shows that it was there, and that what is looked through is what was built.
  const used = createHash("sha256").update(token).digest("hex");
  expect(contents.some((bytes) => bytes.includes(used))).toBe(true);
  expect(contents.flatMap((bytes) => leaksIn(bytes, { TOKEN: token }))).toEqual([]);
});

it.each<Example>(["node-npm", "node-pnpm"])(
  "%s: a script that prepares a checkout with what only development has is no hindrance",
  async (example) => {
    repository = repositoryOf(example, engine.lab.registry);
    const manifest = JSON.parse(repository.read("package.json"));
    const scripts = { ...manifest.scripts, prepare: `node -e "require('left-pad')"` };
    repository.write("package.json", JSON.stringify({ ...manifest, scripts }));
    const { container } = await build(await workOn(engine.client, repository));
    expect(await answers(container, "/health")).toMatch(/^200 ok/);
    expect(JSON.parse(await container.file("/app/package.json").contents()).scripts).toEqual(scripts);
  },
);

it("what the build lacks is told before the tests, whose failure is not waited for", async () => {
  repository = repositoryOf("node-dockerfile", engine.lab.registry);
  const config = repository.read("evenkeel.yaml").replace(/command: .*/, "command: exit 1");
  repository.write("evenkeel.yaml", config.replace("target: runtime", "target: runtime\n  secrets: [A, B]"));
  const secrets = buildSecretsOf("A=", (name, value) => engine.client.setSecret(name, value));
  const work = await workOn(engine.client, repository);
  await expect(build({ ...work, secrets })).rejects.toMatchObject({
    code: "secrets-missing",
    detail: "Build secrets are missing; not given: B; given, but empty: A.",
  });
});

async function published(): Promise<string> {
  const work = await workOn(engine.client, repository);
  return (await publish(work, await destinationOf(work.config.image, null))).image;
}
