import { z } from "zod";

/** A section of keys, any other key being a mistake. */
export function section<Shape extends z.ZodRawShape>(
  description: string,
  shape: Shape,
  expected = "a section of keys and values",
) {
  // Not for unknown keys: their issue comes from the same object, and has its own words.
  const error = (issue: { readonly input?: unknown }) => (isSection(issue.input) ? undefined : expected);
  return z.strictObject(shape, { error }).describe(description);
}

export function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The same keys, all optional and without defaults: what is not said comes from the layer below. */
export function overrides(base: z.ZodObject): Record<string, z.ZodType> {
  return Object.fromEntries(
    Object.entries(base.shape).map(([key, field]) => {
      const inner = withoutDefault(field as z.ZodType);
      const description = inner.description ?? "";
      return [
        key,
        inner instanceof z.ZodObject ? section(description, overrides(inner)).optional() : inner.optional(),
      ];
    }),
  );
}

function withoutDefault(field: z.ZodType): z.ZodType {
  if (!(field instanceof z.ZodPrefault || field instanceof z.ZodOptional)) return field;
  const inner = withoutDefault(field.unwrap() as z.ZodType);
  return field.description === undefined ? inner : inner.describe(field.description);
}
