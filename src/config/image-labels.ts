/** Labels by which an image tells what it is: written by publish, read before a deploy. */
export const IMAGE_LABELS = {
  /** The full commit the image was built from. */
  revision: "org.opencontainers.image.revision",
  /** When that commit was made, in the images that evenkeel makes. */
  created: "org.opencontainers.image.created",
  /** `passed` where the test gate passed on this very commit before the image was built. */
  tested: "io.evenkeel.tested",
  /** Hash of everything besides the commit that shapes the image: the build's configuration. */
  inputs: "io.evenkeel.inputs",
} as const;

export const TESTS_PASSED = "passed";
