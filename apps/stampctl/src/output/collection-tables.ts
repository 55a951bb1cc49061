import type { CollectionView, DocumentView, PolicyPreview } from '@lapidary/contracts/api/collections';
import { ago } from './human-time.js';
import type { View } from './output.js';
import { renderFacts, renderTable, type Column } from './table.js';

export const collectionsTable = (collections: readonly CollectionView[], view: View): string => {
  const columns: Column<CollectionView>[] = [
    { title: 'COLLECTION', cell: (c) => view.colours.bold(c.name) },
    { title: 'POLICY', cell: (c) => c.policy.kind },
    { title: 'SCOPE', cell: (c) => c.scope },
    { title: 'DOCUMENTS', cell: (c) => String(c.documents) },
    { title: 'CONFLICTS', cell: (c) => String(c.conflicts) },
    { title: 'OVER BUDGET', cell: (c) => c.findings.map((f) => f.budget).join(' ') || '-' },
    { title: 'VERSION', cell: (c) => `${c.version} from ${c.definedIn}`, wide: true },
  ];
  return renderTable(columns, collections, view.wide);
};

export const collectionFacts = (collection: CollectionView, view: View): string =>
  renderFacts([
    ['collection', view.colours.bold(collection.name)],
    ['policy', JSON.stringify(collection.policy)],
    ['scope', collection.scope],
    ['version', `${collection.version}, defined in ${collection.definedIn}`],
    ['documents', `${collection.documents} of ${collection.budgets.documents}`],
    ['conflicts', `${collection.conflicts} documents with values that are not shown`],
    ['budgets', `${collection.budgets.documentBytes} bytes and ${collection.budgets.changes} changes a document`],
    ['histories', collection.histories ? historiesText(collection.histories) : null],
    ['over budget', collection.findings.map((f) => `${f.budget}: ${f.actual} of ${f.limit}`).join(', ') || null],
  ]);

const historiesText = ({ bytes, largestBytes, due, proposed }: NonNullable<CollectionView['histories']>): string =>
  `${bytes} bytes, the largest ${largestBytes}; ${due} to begin anew, ${proposed} about to`;

const historyText = ({ generation, changes, bytes }: NonNullable<DocumentView['history']>): string =>
  `${changes} changes in ${bytes} bytes${generation > 0 ? `, begun anew ${generation} times` : ''}`;

export const documentsTable = (documents: readonly DocumentView[], view: View): string => {
  const columns: Column<DocumentView>[] = [
    { title: 'DOCUMENT', cell: (d) => view.colours.bold(d.id) },
    { title: 'CHANGED', cell: (d) => ago(d.updatedAt, view.nowMs) },
    { title: 'CONFLICTS', cell: (d) => String(d.conflicts) },
    { title: 'VALUE', cell: (d) => JSON.stringify(d.value) },
  ];
  return renderTable(columns, documents, view.wide);
};

export const documentFacts = (document: DocumentView, view: View): string =>
  [
    renderFacts([
      ['document', view.colours.bold(document.id)],
      ['of', document.tenant === '' ? 'the fleet' : document.tenant],
      ['changed', ago(document.updatedAt, view.nowMs)],
      ['conflicts', String(document.conflicts)],
      ['history', document.history ? historyText(document.history) : null],
      ['rights', document.rights ? JSON.stringify(document.rights) : null],
    ]),
    '',
    JSON.stringify(document.value, null, 2),
  ].join('\n');

export const previewTable = (preview: PolicyPreview, view: View): string => {
  const columns: Column<PolicyPreview['changes'][number]>[] = [
    { title: 'DOCUMENT', cell: (c) => view.colours.bold(c.tenant === '' ? c.id : `${c.tenant}/${c.id}`) },
    { title: 'FIELD', cell: (c) => c.field },
    { title: 'BEFORE', cell: (c) => JSON.stringify(c.before ?? null) },
    { title: 'AFTER', cell: (c) => JSON.stringify(c.after ?? null) },
    { title: 'KNOWN FROM', cell: (c) => c.from },
  ];
  return renderTable(columns, preview.changes, view.wide);
};
