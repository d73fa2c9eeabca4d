import type { Container } from "@dagger.io/dagger";
import { afterEach, expect, it } from "vitest";
import { build, publish } from "../../../src/pipeline/pipeline.js";
import { destinationOf } from "../../../src/publish.js";
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
  const before = (await manifest(await published())).layers;
  repository.write("server.js", repository.read("server.js").replace("Hello", "Hello again"));
  repository.commit("Change the greeting");
  const after = (await manifest(await published())).layers;
  expect(after.slice(0, -1)).toEqual(before.slice(0, -1));
  expect(after.at(-1)).not.toEqual(before.at(-1));
});

async function published(): Promise<string> {
  const work = await workOn(engine.client, repository);
  return (await publish(work, await destinationOf(work.config.image, null))).image;
}

async function manifest(
  image: string,
): Promise<{ layers: { digest: string }[]; config: { digest: string } }> {
  const [name = "", digest = ""] = image.split("@");
  const [registry = "", ...rest] = name.split("/");
  const url = `http://${registry}/v2/${rest.join("/")}/manifests/${digest}`;
  const answer = await fetch(url, { headers: { accept: "application/vnd.oci.image.manifest.v1+json" } });
  return (await answer.json()) as never;
}
