import { expect, it } from "vitest";
import { parseConfig } from "../../../src/config/parse.js";
import { hashInputs, labelsOf, publicSourceUrl } from "../../../src/pipeline/image/labels.js";

const build = (more = "") =>
  parseConfig(`app: shop\nimage: example.com/shop\nenvironments: { test: { host: h, user: u } }\n${more}`, {
    file: "evenkeel.yaml",
  }).build;

const provenance = {
  revision: "0123456789abcdef0123456789abcdef01234567",
  committedSeconds: 1_700_000_000,
  sourceUrl: "https://example.com/team/shop",
  build: build(),
};

it("tells where an image comes from in the words of the OCI specification", () => {
  const base = { name: "docker.io/library/node:24-bookworm-slim", digest: "sha256:00" };
  expect(labelsOf(provenance, base, true)).toMatchObject({
    "org.opencontainers.image.revision": provenance.revision,
    "org.opencontainers.image.source": "https://example.com/team/shop",
    "org.opencontainers.image.created": "2023-11-14T22:13:20Z",
    "org.opencontainers.image.base.name": base.name,
    "org.opencontainers.image.base.digest": "sha256:00",
    "io.evenkeel.tested": "passed",
  });
});

it("never calls an image tested that was not", () => {
  expect(labelsOf(provenance, null, false)).not.toHaveProperty("io.evenkeel.tested");
});

it("changes the inputs with the build's configuration, and with nothing else of the file", () => {
  expect(hashInputs(build("bake: { duration: 1m }"))).toBe(hashInputs(build()));
  expect(hashInputs(build("build: { args: { A: '1' } }"))).not.toBe(hashInputs(build()));
});

it.each([
  ["git@github.com:acme/shop.git", "https://github.com/acme/shop"],
  ["https://github.com/acme/shop", "https://github.com/acme/shop"],
  ["https://ci-token:s3cret@gitlab.example.com/acme/shop.git", "https://gitlab.example.com/acme/shop"],
  ["https://s3cret@gitlab.example.com:8443/acme/shop.git/", "https://gitlab.example.com/acme/shop"],
  ["ssh://git@gitlab.example.com:2222/acme/shop.git", "https://gitlab.example.com/acme/shop"],
  ["/srv/git/shop.git", null],
  ["../shop", null],
  ["file:///srv/git/shop", null],
  ["https://example.com/shop?token=s3cret", null],
])("%s is shown as %s", (remote, shown) => {
  expect(publicSourceUrl(remote)).toBe(shown);
});
