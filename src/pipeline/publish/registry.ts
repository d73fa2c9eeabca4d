/** What publishing needs of a registry, besides the engine's own push. */
export interface Registry {
  /** What a tag names; null when it names nothing. */
  find(name: string): Promise<{
    readonly digest: string;
    readonly labels: Readonly<Record<string, string>>;
  } | null>;
  /**
   * Gives an image that is there, by its digest, the tag, with a configuration and manifest rewritten by
   * `sealConfig` and `sealManifest`. Returns the digest that the tag then names.
   */
  seal(repository: string, digest: string, tag: string, createdSeconds: number | null): Promise<string>;
}

/** How the engine logs in to push. */
export interface RegistryLogin<Password> {
  readonly username: string;
  readonly password: Password;
}
