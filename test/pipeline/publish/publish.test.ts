import type { Container } from "@dagger.io/dagger";
import { expect, it } from "vitest";
import { parseConfig } from "../../../src/config/parse.js";
import type { EvenkeelError } from "../../../src/errors.js";
import { labelsOf } from "../../../src/pipeline/image/labels.js";
import { isPassing, publishImage } from "../../../src/pipeline/publish/publish.js";
import type { Registry } from "../../../src/pipeline/publish/registry.js";

it.each([
  "failed to push: unexpected status from PUT request: 429 Too Many Requests",
  "unexpected status from POST request to https://example.com/v2/a/blobs/uploads/: 503 Service Unavailable",
  "toomanyrequests: You have reached your rate limit",
  "read tcp 10.0.0.1:4321->10.0.0.2:443: connection reset by peer",
])("tries again after: %s", (words) => {
  expect(isPassing(words)).toBe(true);
});

it.each([
  "unexpected status from POST request to https://example.com/v2/a/blobs/uploads/: 401 Unauthorized",
  "push access denied, repository does not exist or may require authorization",
  "blob sha256:4290000000000000000000000000000000000000000000000000000000000500 not found",
])("does not try again after: %s", (words) => {
  expect(isPassing(words)).toBe(false);
});

const { build } = parseConfig("app: a\nimage: example.com/a\nenvironments: { test: { host: h, user: u } }", {
  file: "evenkeel.yaml",
});
const provenance = { revision: "c0ffee", build, committedSeconds: 1, sourceUrl: null };
const others = "sha256:22";

it.each([
  ["takes its image", labelsOf(provenance, null, true), `example.com/a@${others}`],
  ["refuses", { ...labelsOf(provenance, null, true), "io.evenkeel.inputs": "other" }, "publish-conflict"],
])(
  "another job that publishes the commit until the last moment keeps the tag: %s",
  async (_, labels, ends) => {
    let there: Awaited<ReturnType<Registry["find"]>> = null;
    let moved = false;
    const registry: Registry = {
      find: async () => there,
      seal: async () => {
        there = { digest: others, labels };
        return "sha256:11";
      },
      tag: async () => {
        moved = true;
      },
    };
    const image = { publish: async () => "example.com/a@sha256:00" } as unknown as Container;
    const destination = { repository: "example.com/a", registry, login: null };
    const ended = await publishImage(image, destination, provenance).catch(({ code }: EvenkeelError) => code);
    expect([ended, moved]).toEqual([ends, false]);
  },
);
