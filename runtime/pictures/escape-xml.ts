const entities: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it stands in XML, between tags and in quotes. */
export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => entities[character]!);
}
