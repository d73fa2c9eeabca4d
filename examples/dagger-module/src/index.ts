import { type Directory, dag, func, object, type Secret } from "@dagger.io/dagger";
import { createLinesReporter, deploy, destinationOf, publish, readConfiguration } from "evenkeel";

/** The pipeline of the shop: what is promoted in staging goes to production, as the very same image. */
@object()
export class ShopCi {
  /**
   * Tests, builds and publishes the commit, deploys it to staging and, when that held, to production.
   *
   * @param source The repository, with its .git: --source=.
   * @param sshKey The private key for the hosts: env://SSH_KEY
   */
  @func({ cache: "never" })
  async ship(source: Directory, sshKey: Secret): Promise<string> {
    const config = await readConfiguration(source, "evenkeel.yaml");
    const credentials = { sshKey: await sshKey.plaintext() };
    const made = await publish({ client: dag, source, config }, await destinationOf(config.image, null));

    const lines = [made.text];
    for (const environment of ["staging", "production"]) {
      const reporter = createLinesReporter((line) => console.log(`${environment}: ${line}`));
      const { text } = await deploy(config, { environment, image: made.image, credentials, reporter });
      lines.push(`${environment}: ${text}`);
    }
    return lines.join("\n");
  }
}
