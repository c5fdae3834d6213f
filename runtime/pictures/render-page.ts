import { escapeXml } from "./escape-xml.ts";

/** A picture as a page. The page forbids itself to load anything. */
export function renderPage(svg: string, title: string): string {
  return `<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"/>
<title>${escapeXml(title)}</title>
</head>
<body>
${svg}
</body>
</html>
`;
}
