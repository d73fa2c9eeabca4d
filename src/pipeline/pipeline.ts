import type { Client, Directory, Secret } from "@dagger.io/dagger";
import type { Config } from "../config/config.js";
import { buildImage } from "./image/build.js";
import { type Built, describeSizes } from "./image/built.js";
import { localRevision, publishedRevision, readProvenance } from "./image/provenance.js";
import { type Destination, findPublished, publishImage } from "./publish/publish.js";
import { type Checkout, readCheckout } from "./source/checkout.js";
import { readContext } from "./source/context.js";
import { runTests, type TestsPassed } from "./test-gate/gate.js";

/** A commit, or what became of it, and how it is made an image. */
export interface Work {
  readonly client: Client;
  /** The repository, with its `.git`. */
  readonly source: Directory;
  readonly config: Config;
  /** Build secrets by name. */
  readonly secrets?: ReadonlyMap<string, Secret>;
  /** Whether what is published may differ from the commit. */
  readonly dirty?: boolean;
}

export interface Published {
  /** `repository@sha256:…` */
  readonly image: string;
  /** Whether it had been published before, so that nothing was tested or built. */
  readonly reused: boolean;
  /** A few lines for a person. */
  readonly text: string;
}

/**
 * Runs the project's own tests in a clean container.
 *
 * @throws EvenkeelError `test-failed`, `test-hung` and what stands in the way of running them: `config-invalid`
 * where the configuration does not fit the commit, `image-missing`, `build-failed`
 */
export async function test({ client, source, config }: Work): Promise<TestsPassed> {
  const { tree } = await readCheckout(source);
  return runTests(client, await readContext(tree, config, null), config.test);
}

/**
 * Tests, then builds the image. There is no way to build without the tests. What is built may be anything:
 * files that differ from the commit, or a folder without a repository.
 *
 * @throws EvenkeelError as `test`, and `secrets-missing` for a build secret, before the tests
 */
export async function build(work: Work): Promise<Built & { readonly text: string }> {
  const checkout = await readCheckout(work.source);
  return buildCheckout(work, checkout, await localRevision(checkout));
}

/**
 * Tests, builds and publishes the image under its commit; or finds that this was done before.
 *
 * @throws EvenkeelError as `build`, and `dirty-tree`, `publish-conflict`, `publish-failed`, `registry-…`
 */
export async function publish(work: Work, destination: Destination): Promise<Published> {
  const checkout = await readCheckout(work.source);
  const revision = await publishedRevision(checkout, work.dirty ?? false);
  const found = await findPublished(destination, { revision, build: work.config.build });
  if (found !== null)
    return {
      image: found,
      reused: true,
      text: `Published before, from the same commit and configuration: ${found}`,
    };
  const built = await buildCheckout(work, checkout, revision);
  const image = await publishImage(built.container, destination, built.provenance);
  return { image, reused: false, text: `${built.text}\nPublished: ${image}` };
}

/**
 * What `publish` would find to be published already, as `repository@sha256:…`; null when it would build.
 *
 * @throws EvenkeelError `dirty-tree`, `publish-conflict`, `registry-…`
 */
export async function published(work: Work, destination: Destination): Promise<string | null> {
  const checkout = await readCheckout(work.source);
  const revision = await publishedRevision(checkout, work.dirty ?? false);
  return findPublished(destination, { revision, build: work.config.build });
}

async function buildCheckout(work: Work, checkout: Checkout, revision: string) {
  const { client, source, config, secrets = new Map<string, Secret>() } = work;
  const context = await readContext(checkout.tree, config, secrets);
  const tests = await runTests(client, context, config.test);
  const provenance = await readProvenance(source, checkout, config.build, revision);
  const built = await buildImage(client, context, { provenance, tests, secrets });
  return { ...built, provenance, text: `${tests.summary}\nBuilt ${revision}: ${describeSizes(built.sizes)}` };
}
