import { afterEach, expect, it } from "vitest";
import { publish } from "../../../src/pipeline/pipeline.js";
import { destinationOf } from "../../../src/publish.js";
import { useEngine } from "./support/engine.js";
import { type Repository, repositoryOf } from "./support/repository.js";
import { workOn } from "./support/work.js";

const engine = useEngine();
let repository: Repository;
afterEach(() => repository?.remove());

async function published({ dirty = false } = {}) {
  const work = { ...(await workOn(engine.client, repository)), dirty };
  return publish(work, await destinationOf(work.config.image, null));
}

async function tags(image: string): Promise<readonly string[]> {
  const [registry = "", ...rest] = (image.split("@")[0] ?? "").split("/");
  const answer = await fetch(`http://${registry}/v2/${rest.join("/")}/tags/list`);
  return ((await answer.json()) as { tags: string[] }).tags;
}

it("publishes a commit once, under its full hash and nothing else, and finds it the next time", async () => {
  repository = repositoryOf("node-npm", engine.lab.registry);
  const commit = repository.commit("Published");
  const first = await published();
  expect(first).toMatchObject({ reused: false, image: expect.stringMatching(/@sha256:[0-9a-f]{64}$/) });
  expect(await tags(first.image)).toEqual([commit]);
  expect(await published()).toMatchObject({ reused: true, image: first.image });
});

it("never moves a commit's tag to what another build configuration makes", async () => {
  repository = repositoryOf("node-npm", engine.lab.registry);
  const first = await published();
  const config = repository.read("evenkeel.yaml");
  repository.write("evenkeel.yaml", `${config}build: { node: { start: [node, server.js] } }\n`);
  const work = await workOn(engine.client, repository);
  // The file differs from the commit, which is another reason to refuse: the source is given as it was.
  repository.write("evenkeel.yaml", config);
  const { source } = await workOn(engine.client, repository);
  const again = publish({ ...work, source }, await destinationOf(work.config.image, null));
  await expect(again).rejects.toMatchObject({ code: "publish-conflict" });
  expect(await published()).toMatchObject({ reused: true, image: first.image });
});

it("refuses uncommitted changes by name, and tags them as such when it is asked to", async () => {
  repository = repositoryOf("node-npm", engine.lab.registry);
  const commit = repository.commit("Clean");
  repository.write("server.js", `${repository.read("server.js")}\n// changed\n`);
  await expect(published()).rejects.toMatchObject({
    code: "dirty-tree",
    detail: expect.stringContaining("server.js"),
  });
  const { image } = await published({ dirty: true });
  expect(await tags(image)).toEqual([expect.stringMatching(new RegExp(`^${commit}-dirty-[0-9a-f]{12}$`))]);
});

it("publishes nothing whose tests failed", async () => {
  repository = repositoryOf("node-npm", engine.lab.registry);
  repository.write("server.js", repository.read("server.js").replace("Hello", "Goodbye"));
  repository.commit("Break the greeting");
  await expect(published()).rejects.toMatchObject({ code: "test-failed" });
});
