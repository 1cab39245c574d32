/** Whether a plugin is disabled because it failed too often, and not because somebody wanted it so: what must not get past it does not meanwhile. */
export const pluginFailed = `
alter table plugins add column failed boolean not null default false;
`;
