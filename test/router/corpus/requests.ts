import type { RequestCase } from './case.ts';
import { chunkCases, trailerCases } from './chunks.ts';
import { expectCases, halfClosedCases, hopByHopCases, http10Cases, pipeliningCases, routingCases, upgradeCases } from './connection.ts';
import { contentLengthCases, transferEncodingCases } from './framing.ts';
import { headerSyntaxCases, hostCases } from './header-fields.ts';
import { lineEndCases, requestLineCases, targetCases } from './request-line.ts';

/** Every request of the corpus, written from the RFCs and from public advisories. */
export const requestCases: readonly RequestCase[] = [
  ...requestLineCases,
  ...targetCases,
  ...lineEndCases,
  ...hostCases,
  ...headerSyntaxCases,
  ...contentLengthCases,
  ...transferEncodingCases,
  ...chunkCases,
  ...trailerCases,
  ...hopByHopCases,
  ...http10Cases,
  ...upgradeCases,
  ...pipeliningCases,
  ...halfClosedCases,
  ...expectCases,
  ...routingCases,
];
