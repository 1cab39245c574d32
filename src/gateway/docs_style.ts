/** The style sheet of the reference page. */
export const DOCS_STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: light-dark(#0b57d0, #8ab4f8); }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
h1 { margin-bottom: 0; }
h2 { border-bottom: 1px solid var(--line); margin-top: 2.5rem; }
a { color: var(--accent); }
code, pre { font: 0.9em/1.45 ui-monospace, monospace; }
pre { background: var(--soft); border-radius: 6px; overflow-x: auto; padding: 0.75rem; }
nav ul { columns: 22rem; list-style: none; padding: 0; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; padding: 0.25rem 0.75rem; }
details:target { border-color: var(--accent); }
summary { cursor: pointer; padding: 0.25rem 0; }
summary b { display: inline-block; font: 600 0.85em ui-monospace, monospace; min-width: 4.5em; text-transform: uppercase; }
summary span { opacity: 0.75; }
table { border-collapse: collapse; width: 100%; }
td, th { border-top: 1px solid var(--line); padding: 0.25rem 0.75rem 0.25rem 0; text-align: left; vertical-align: top; }
@media (max-width: 40rem) { summary span { display: block; } }
`;
