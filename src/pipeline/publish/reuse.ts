import { IMAGE_LABELS, TESTS_PASSED } from "../../config/image-labels.js";
import { hashInputs, type Provenance } from "../image/labels.js";

export type Reuse =
  | { readonly verdict: "absent" }
  | { readonly verdict: "same"; readonly digest: string }
  | { readonly verdict: "other"; readonly digest: string; readonly reason: string };

/** Whether what a commit's tag names already is the tested image of these inputs. */
export function decideReuse(
  found: { readonly digest: string; readonly labels: Readonly<Record<string, string>> } | null,
  { revision, build }: Pick<Provenance, "revision" | "build">,
): Reuse {
  if (found === null) return { verdict: "absent" };
  const { digest, labels } = found;
  const recorded = labels[IMAGE_LABELS.inputs];
  if (recorded === undefined || labels[IMAGE_LABELS.revision] !== revision)
    return { verdict: "other", digest, reason: "it was not made by evenkeel from this commit" };
  if (recorded !== hashInputs(build))
    return { verdict: "other", digest, reason: "it was built with another `build` configuration" };
  if (labels[IMAGE_LABELS.tested] !== TESTS_PASSED)
    return { verdict: "other", digest, reason: "it has no record that its tests passed" };
  return { verdict: "same", digest };
}
