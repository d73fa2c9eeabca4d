import { expect, it } from "vitest";
import { sealConfig, sealManifest } from "../../../src/pipeline/publish/seal.js";

const config = (when: string, order: readonly string[]) =>
  JSON.stringify({
    architecture: "amd64",
    created: when,
    config: { Labels: Object.fromEntries(order.map((name) => [name, "1"])), Cmd: ["node", "main.js"] },
    history: [
      { created: when, created_by: "import image layer" },
      { created: when, empty_layer: true },
    ],
    rootfs: { type: "layers", diff_ids: ["sha256:b", "sha256:a"] },
  });

it("makes one configuration of two that differ only in when and in which order they were written", () => {
  const one = sealConfig(config("2026-01-01T00:00:00Z", ["a", "b"]), 1_700_000_000);
  const other = sealConfig(config("2026-02-02T00:00:00Z", ["b", "a"]), 1_700_000_000);
  expect(other).toBe(one);
  expect(JSON.parse(one).created).toBe("2023-11-14T22:13:20Z");
});

it("keeps what the image runs, its layers in their order, and which steps of its history made none", () => {
  const sealed = JSON.parse(sealConfig(config("2026-01-01T00:00:00Z", ["a"]), 1));
  expect(sealed.config.Cmd).toEqual(["node", "main.js"]);
  expect(sealed.rootfs.diff_ids).toEqual(["sha256:b", "sha256:a"]);
  expect(sealed.history.map((step: { empty_layer?: boolean }) => step.empty_layer)).toEqual([
    undefined,
    true,
  ]);
});

it("puts the configuration into the manifest and leaves the layers", () => {
  const manifest = JSON.stringify({
    config: { mediaType: "t", digest: "sha256:1", size: 1 },
    layers: [{ digest: "sha256:l" }],
  });
  expect(JSON.parse(sealManifest(manifest, { digest: "sha256:2", size: 2 }))).toEqual({
    config: { mediaType: "t", digest: "sha256:2", size: 2 },
    layers: [{ digest: "sha256:l" }],
  });
});
