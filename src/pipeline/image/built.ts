import type { Container } from "@dagger.io/dagger";
import type { BaseImage } from "./labels.js";

/** An image that was built, and is not published yet. */
export interface Built {
  readonly container: Container;
  /** Null for a Dockerfile, whose stages may start from several. */
  readonly base: BaseImage | null;
  /** Unpacked, in bytes. */
  readonly sizes: { readonly build: number | null; readonly runtime: number | null };
}

/** `build stage 412 MB, runtime 268 MB` */
export function describeSizes({ build, runtime }: Built["sizes"]): string {
  const parts = [
    ...(build === null ? [] : [`build stage ${megabytes(build)}`]),
    ...(runtime === null ? [] : [`runtime ${megabytes(runtime)}`]),
  ];
  return parts.join(", ");
}

function megabytes(bytes: number): string {
  const count = bytes / 1_000_000;
  return `${count < 10 ? count.toFixed(1) : Math.round(count)} MB`;
}
