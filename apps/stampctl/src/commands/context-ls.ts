import { readContextFile, type Context } from '../context/context-file.js';
import type { Command } from '../invocation.js';
import { renderTable } from '../output/table.js';
import { printList } from './list-result.js';

export const contextLs: Command = async ({ output }) => {
  const file = readContextFile(output.terminal.env);
  const items = Object.entries(file.contexts).map(([name, context]) => ({
    name,
    current: name === file.current,
    ...withoutToken(context),
  }));
  await printList(
    output,
    { items, next: null },
    {
      name: (c) => c.name,
      empty: 'No contexts. Beside a running "npm start" none is needed; else: stampctl context set <name> --server <url>',
      table: (list, view) =>
        renderTable(
          [
            { title: '', cell: (c) => (c.current ? view.colours.green('*') : ' ') },
            { title: 'CONTEXT', cell: (c) => view.colours.bold(c.name) },
            { title: 'SERVER', cell: (c) => c.server },
            { title: 'REGION', cell: (c) => c.region ?? '-' },
            { title: 'TOKEN', cell: (c) => c.tokenFile ?? (c.hasToken ? 'stored' : 'none') },
          ],
          list,
          view.wide,
        ),
    },
  );
};

/** Tokens are not shown: this ends up in screenshots and logs. */
export const withoutToken = ({ token, ...rest }: Context): Omit<Context, 'token'> & { hasToken: boolean } => ({
  ...rest,
  hasToken: token !== undefined || rest.tokenFile !== undefined,
});
