import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The quick tests first: most mutants are noticed by those, and a test that fails ends the run. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.sort((a, b) => a.moduleId.localeCompare(b.moduleId));
  }
}

/** The tests that mutants are tried on, with few random histories: there are many mutants. */
export default defineConfig({
  test: {
    include: ["test/commands/quote.test.ts", "test/core/**/*.test.ts", "test/properties/**/*.test.ts"],
    setupFiles: ["test/support/seed.ts", "ci/mutate/no-shrinking.ts"],
    sequence: { sequencer: ByName },
    env: { EVENKEEL_HISTORIES: "0.05" },
    testTimeout: 30_000,
  },
});
