import { connection, dag } from "@dagger.io/dagger";
import { createLinesReporter, EvenkeelError, release } from "evenkeel";
import { config, credentials } from "./environment.ts";

// The whole pipeline, with the Dagger engine for its first parts: test, build, publish, deploy.
try {
  await connection(async () => {
    const work = { client: dag, source: dag.host().directory("."), config };
    const { REGISTRY_USERNAME: username, REGISTRY_PASSWORD: password } = process.env;
    const login =
      username && password ? { username, password: dag.setSecret("registry-password", password) } : null;
    const reporter = createLinesReporter(console.error);
    console.log(await release(work, { image: null, login, credentials, reporter }));
  });
} catch (error) {
  if (!(error instanceof EvenkeelError)) throw error;
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}
