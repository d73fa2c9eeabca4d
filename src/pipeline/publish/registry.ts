/** What publishing needs of a registry, besides the engine's own push. */
export interface Registry {
  /** What a tag names; null when it names nothing. */
  find(name: string): Promise<{
    readonly digest: string;
    readonly labels: Readonly<Record<string, string>>;
  } | null>;
  /**
   * Puts beside an image that is there, by its digest, the same one with a configuration and manifest rewritten
   * by `sealConfig` and `sealManifest`. Returns the digest of that one, which no tag names yet.
   */
  seal(repository: string, digest: string, createdSeconds: number | null): Promise<string>;
  /** Lets a tag name what is there by its digest. */
  tag(repository: string, digest: string, tag: string): Promise<void>;
}

/** How the engine logs in to push. */
export interface RegistryLogin<Password> {
  readonly username: string;
  readonly password: Password;
}
