import { Group, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { regionsQuery, sessionQuery } from '../api/queries.js';
import { Status } from './status.js';

/** What a region says of itself beside its name; `value` gives the dot. */
export interface RegionNote {
  readonly value: string;
  readonly text: string;
}

interface RegionChoiceProps {
  /** Undefined: the one that answers. */
  readonly region: string | undefined;
  /** Undefined where the one that answers is chosen, so that the plain address means the same as ever. */
  readonly choose: (region: string | undefined) => void;
  readonly notes?: Readonly<Record<string, RegionNote>>;
}

/** Each region keeps its own: which one is shown, and what the others would show. Not there where there is one only. */
export const RegionChoice = ({ region, choose, notes = {} }: RegionChoiceProps): ReactNode => {
  const here = useQuery(sessionQuery).data?.region;
  const names = (useQuery(regionsQuery).data ?? []).map((r) => r.name);
  if (names.length < 2 || here === undefined) return null;
  return (
    <Group>
      <SegmentedControl
        aria-label="As seen from"
        value={region ?? here}
        data={names.map((name) => ({ value: name, label: labelOf(name, notes[name]) }))}
        onChange={(value) => choose(value === here ? undefined : value)}
      />
    </Group>
  );
};

const labelOf = (name: string, note: RegionNote | undefined): ReactNode =>
  note === undefined ? (
    name
  ) : (
    <Status value={note.value}>
      {name}: {note.text}
    </Status>
  );
