/**
 * A plugin for Stryker: leaves messages for people as they are. Their wording is no decision, and a test of
 * every word would only repeat it. What counts as a message is text with a space in it, and a template that
 * only puts values in; what a template computes, and words that the code compares, are changed like all else.
 */
interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly expressions?: readonly Node[];
}

const plain = new Set(["Identifier", "MemberExpression"]);

function shouldIgnore({ node }: { readonly node: Node }): string | undefined {
  const message =
    node.type === "TemplateLiteral"
      ? node.expressions?.every(({ type }) => plain.has(type))
      : node.type === "StringLiteral" && String(node.value).includes(" ");
  return message ? "a message for people" : undefined;
}

export const strykerPlugins = [{ kind: "Ignore", name: "text for people", value: { shouldIgnore } }];
