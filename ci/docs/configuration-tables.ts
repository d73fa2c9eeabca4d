import { z } from "zod";
import { layer } from "../../src/config/layer.js";
import { schema } from "../../src/config/schema.js";

/** Every key of evenkeel.yaml as tables, one per section, from the schema's own descriptions and messages. */
export function configurationTables(): string {
  return sections("", schema).join("\n");
}

interface Section {
  readonly path: string;
  readonly object: z.ZodObject;
}

function sections(path: string, object: z.ZodObject): string[] {
  const fields = Object.entries(object.shape)
    .filter(([key]) => path !== "environments.NAME" || !(key in layer.shape))
    .map(([key, field]) => ({ key, field: field as z.ZodType }));
  const within = fields.flatMap(({ key, field }) => sectionIn(join(path, key), field));
  const title = path === "" ? "Top level" : `\`${path}\``;
  const rows = fields.map(({ key, field }) => row(join(path, key), key, field));
  return [
    [
      `### ${title}`,
      "",
      ...(path === "" ? [] : [describe(object), ""]),
      "| Key | Default | Allowed | Meaning |",
      "|---|---|---|---|",
      ...rows,
      ...(path === "environments.NAME"
        ? [
            `| ${Object.keys(layer.shape).map(code).join(", ")} | as at the top level | | What this environment says differently. |`,
          ]
        : []),
      "",
    ].join("\n"),
    ...within.flatMap((section) => sections(section.path, section.object)),
  ];
}

/** The section that a key opens: its own, that of each entry of a list, or that of each named entry. */
function sectionIn(path: string, field: z.ZodType): Section[] {
  const inner = required(field);
  if (inner instanceof z.ZodObject) return [{ path, object: described(inner, field) }];
  if (inner instanceof z.ZodArray) return sectionIn(`${path}[]`, inner.element as z.ZodType);
  if (inner instanceof z.ZodRecord) return sectionIn(`${path}.NAME`, inner.valueType as z.ZodType);
  return [];
}

function row(path: string, key: string, field: z.ZodType): string {
  const section = sectionIn(path, field)[0];
  const allowed = section === undefined ? expectation(field) : `see ${code(section.path)}`;
  const unsaid = section !== undefined && field instanceof z.ZodPrefault ? "" : initial(field);
  return `| ${code(key)} | ${cell(unsaid)} | ${cell(allowed)} | ${cell(describe(field))} |`;
}

/** What the schema itself answers to a value that no field allows. */
function expectation(field: z.ZodType): string {
  const issue = required(field).safeParse(null).error?.issues[0];
  if (issue === undefined) throw new Error("a field of the schema allows null");
  // Said once above the tables.
  return issue.message.replace(", such as 500ms, 30s, 5m or 1m30s", "");
}

function initial(field: z.ZodType): string {
  if (field instanceof z.ZodOptional) return "none";
  if (!(field instanceof z.ZodPrefault)) return "**required**";
  const value: unknown = field._zod.def.defaultValue;
  if (typeof value === "object" && value !== null)
    return Object.keys(value).length === 0 ? "none" : code(JSON.stringify(value));
  return code(String(value));
}

function describe(field: z.ZodType): string {
  const description = field.description ?? (wrapped(field)?.description || required(field).description);
  if (description === undefined) throw new Error("a field of the schema has no description");
  return description;
}

function described(object: z.ZodObject, field: z.ZodType): z.ZodObject {
  return field.description === undefined ? object : object.describe(field.description);
}

/** A field without its default, so that nothing is put in the place of what is tried. */
function required(field: z.ZodType): z.ZodType {
  const inner = wrapped(field);
  return inner === undefined ? field : required(inner);
}

function wrapped(field: z.ZodType): z.ZodType | undefined {
  return field instanceof z.ZodPrefault || field instanceof z.ZodOptional
    ? (field.unwrap() as z.ZodType)
    : undefined;
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** Text as it stands in a cell of a table. */
export function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
