import { expect, it } from "vitest";
import { parseConfig } from "../../../src/config/parse.js";
import { labelsOf } from "../../../src/pipeline/image/labels.js";
import { decideReuse } from "../../../src/pipeline/publish/reuse.js";

const { build } = parseConfig("app: a\nimage: example.com/a\nenvironments: { test: { host: h, user: u } }", {
  file: "evenkeel.yaml",
});
const inputs = { revision: "c0ffee", build };
const labels = labelsOf({ ...inputs, committedSeconds: 1, sourceUrl: null }, null, true);
const digest = "sha256:11";

it("builds what is not there", () => {
  expect(decideReuse(null, inputs)).toEqual({ verdict: "absent" });
});

it("takes the tested image of the same commit and configuration", () => {
  expect(decideReuse({ digest, labels }, inputs)).toEqual({ verdict: "same", digest });
});

it.each([
  ["that evenkeel did not make", {}],
  ["of another commit", { ...labels, "org.opencontainers.image.revision": "beef" }],
  ["of another build configuration", { ...labels, "io.evenkeel.inputs": "other" }],
  ["whose tests are not known to have passed", { ...labels, "io.evenkeel.tested": "" }],
])("never takes, and never writes over, an image %s", (_, others) => {
  expect(decideReuse({ digest, labels: others }, inputs).verdict).toBe("other");
});
