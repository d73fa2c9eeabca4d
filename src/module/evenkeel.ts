import { argument, type Directory, func, object } from "@dagger.io/dagger";

/** Takes a commit to safe production. */
@object()
export class Evenkeel {
  @func()
  source: Directory;

  @func()
  config: string;

  constructor(@argument({ defaultPath: "/", ignore: ["node_modules"] }) source: Directory, config = "evenkeel.yaml") {
    this.source = source;
    this.config = config;
  }

  /** Says hello. */
  @func()
  async test(): Promise<string> {
    return (await this.source.entries()).join(" ");
  }
}
