import { DenseTable } from './dense-table.js';
import type { LinkRole } from './frames.js';
import { answeringLinkTable, askingLinkTable, type LinkEvent } from './link-states.js';

const linkEvents: readonly LinkEvent[] = ['hello_received', 'ready_received', 'goaway_sent', 'goaway_received', 'closed'];

/** The tables of link-states.ts. */
export const linkSteps: Readonly<Record<LinkRole, DenseTable<string, LinkEvent>>> = {
  router: new DenseTable<string, LinkEvent>(askingLinkTable, linkEvents),
  agent: new DenseTable<string, LinkEvent>(answeringLinkTable, linkEvents),
};
