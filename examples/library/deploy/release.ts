import { connection, dag } from "@dagger.io/dagger";
import { createLinesReporter, EvenkeelError, release } from "evenkeel";
import { order } from "./order.ts";

// The whole pipeline, with the Dagger engine for its first parts: test, build, publish, deploy; in order, of all
// services or of those that are named: `npm run release -- web`
const named = process.argv.slice(2);

await connection(async () => {
  const source = dag.host().directory(".", { exclude: ["**/node_modules"] });
  const password = process.env.REGISTRY_PASSWORD;
  const login = password ? { username: "robot", password: dag.setSecret("registry", password) } : null;
  try {
    for (const { config, options } of order) {
      if (named.length > 0 && !named.includes(config.app)) continue;
      const reporter = createLinesReporter(console.error);
      const { text } = await release(
        { client: dag, source, config },
        {
          ...{ ...options, image: null, login, reporter },
          onPublished: ({ image }) => console.log(`${config.app}: ${image}`),
        },
      );
      console.log(`${config.app}: ${text}`);
    }
  } catch (error) {
    if (!(error instanceof EvenkeelError)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
});
