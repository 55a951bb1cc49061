import type { ReactNode } from 'react';

/** One line of a list of facts (`dl.facts`). */
export const Fact = ({ name, children }: { name: string; children: ReactNode }): ReactNode => (
  <>
    <dt>{name}</dt>
    <dd className="mono">{children}</dd>
  </>
);
