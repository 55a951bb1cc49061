import type { Output, View } from '../output/output.js';

/** Prints a list; people get a hint instead of an empty table, scripts an empty list. */
export const printList = async <T>(
  output: Output,
  page: { readonly items: readonly T[]; readonly next: string | null; readonly more?: boolean },
  form: { readonly name: (item: T) => string; readonly table: (items: readonly T[], view: View) => string; readonly empty: string },
): Promise<void> => {
  if (page.items.length === 0) output.hint(form.empty);
  await output.result({
    data: page,
    name: page.items.map(form.name),
    table: (view) => (page.items.length === 0 ? '' : form.table(page.items, view)),
  });
  if (page.next !== null || page.more === true) output.hint(`There are more; --limit shows at most ${page.items.length}.`);
};
