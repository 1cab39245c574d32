import { fromMarkdown } from "mdast-util-from-markdown";
import { htmlToText } from "./html.ts";
import { TextWriter } from "./text_writer.ts";

type Node = ReturnType<typeof fromMarkdown>["children"][number] | ReturnType<typeof fromMarkdown>;

/** YAML at the head of a file, which CommonMark would take for a rule and a heading. */
const FRONT_MATTER = /^---[ \t]*\r?\n([\s\S]{0,20000}?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/;
const FRONT_TITLE = /^title[ \t]*:[ \t]*(["']?)(.+?)\1[ \t]*$/m;

/**
 * The text of a Markdown document: marks of emphasis, addresses of links and HTML tags out, headings and code in. The parser's time may grow with the
 * square of a hostile text's length, and deep nesting may end in a RangeError: call this where it can be ended.
 */
export function markdownToText(markdown: string): { readonly text: string; readonly title: string } {
  const front = FRONT_MATTER.exec(markdown);
  const writer = new TextWriter();
  write(fromMarkdown(front === null ? markdown : markdown.slice(front[0].length)), writer);
  const title = FRONT_TITLE.exec(front?.[1] ?? "")?.[2] ?? writer.firstHeading;
  return { text: writer.text, title: title.toWellFormed() };
}

function write(node: Node, writer: TextWriter, marker?: string): void {
  switch (node.type) {
    case "heading":
      return writer.heading(node.depth, inline(node));
    case "paragraph":
      return marker === undefined ? writer.paragraph(inline(node)) : writer.item(inline(node), marker);
    case "code":
      return writer.code(node.value);
    case "html":
      return writer.paragraph(htmlToText(node.value).text);
    case "list":
      return node.children.forEach((item, index) => write(item, writer, node.ordered ? `${(node.start ?? 1) + index}. ` : "- "));
    case "listItem":
      // Only its first paragraph bears the marker.
      return node.children.forEach((child, index) => write(child, writer, index === 0 ? marker : undefined));
    default:
      if ("children" in node) { for (const child of node.children) write(child, writer); }
  }
}

function inline(node: Node): string {
  if (node.type === "break") return "\n";
  if (node.type === "image" || node.type === "imageReference") return node.alt ?? "";
  if (node.type === "text" || node.type === "inlineCode") return node.value;
  return "children" in node ? (node.children as readonly Node[]).map(inline).join("") : "";
}
