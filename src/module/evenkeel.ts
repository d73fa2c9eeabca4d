import { argument, type Directory, dag, func, object } from "@dagger.io/dagger";
import { test } from "../pipeline/pipeline.js";
import { crossing } from "./crossing.js";

/** Takes a commit to safe production. */
@object()
export class Evenkeel {
  @func()
  source: Directory;

  @func()
  config: string;

  constructor(
    @argument({ defaultPath: "/", ignore: ["**/node_modules"] }) source: Directory,
    config = "evenkeel.yaml",
  ) {
    this.source = source;
    this.config = config;
  }

  /** Says hello. */
  @func({ cache: "never" })
  async test(): Promise<string> {
    return crossing(test(dag, this.source, this.config));
  }
}
