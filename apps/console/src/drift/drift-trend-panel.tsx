import { NativeSelect, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { DriftDay } from '@lapidary/contracts/api/drift';
import { driftTrendQuery } from '../api/queries.js';
import { HeadedTable } from '../shell/headed-table.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { regionOption } from '../shell/region-option.js';
import { daysDefault, windows } from './drift-search.js';

interface TrendProps {
  readonly region: string | undefined;
  readonly days?: number | undefined;
  readonly show: (days: number) => void;
}

/** What came, went and stood, day by day, the newest first; a day on which nothing changed and somebody looked is left out. */
export const DriftTrendPanel = ({ region, days = daysDefault, show }: TrendProps): ReactNode => (
  <Panel
    title="Trend"
    command={`stampctl drift trend --days ${days}${regionOption(region)}`}
    actions={
      <NativeSelect
        size="xs"
        aria-label="Days of the trend"
        value={String(days)}
        data={windows.map((n) => ({ value: String(n), label: `${n} days` }))}
        onChange={(event) => show(Number(event.currentTarget.value))}
      />
    }
  >
    <Loaded query={useQuery(driftTrendQuery(days, region))} rows={3}>
      {(trend) => <Days days={worthALook(trend.days)} />}
    </Loaded>
  </Panel>
);

/** Before the first look there was nothing to look at. */
const worthALook = (days: readonly DriftDay[]): readonly DriftDay[] => {
  const first = days.findIndex((d) => d.runs + d.failed + d.appeared + d.resolved + d.open > 0);
  const known = first === -1 ? [] : days.slice(first);
  return known.filter((d) => d.appeared + d.resolved + d.failed + d.blind.length > 0 || d.runs === 0).reverse();
};

const Days = ({ days }: { days: readonly DriftDay[] }): ReactNode =>
  days.length === 0 ? (
    <Empty command="stampctl drift runs">Nothing came or went, and somebody looked every day. The last looks:</Empty>
  ) : (
    <HeadedTable label="Drift by day" head={['Day', 'New', 'Gone', 'Open', 'Looks', 'Failed looks', 'Blind sensors']}>
      {days.map(({ day, appeared, resolved, open, runs, failed, blind }) => (
        <Table.Tr key={day}>
          <Table.Th scope="row" fw={400} className="numeric">
            {day}
          </Table.Th>
          {[appeared, resolved, open].map((n, i) => (
            <Table.Td key={i} className="numeric">
              {n}
            </Table.Td>
          ))}
          <Table.Td className={runs === 0 ? 'numeric bad' : 'numeric'}>{runs === 0 ? 'nobody looked' : runs}</Table.Td>
          <Table.Td className={failed > 0 ? 'numeric bad' : 'numeric'}>{failed}</Table.Td>
          <Table.Td className={blind.length > 0 ? 'bad' : ''}>{blind.length === 0 ? '–' : blind.join(', ')}</Table.Td>
        </Table.Tr>
      ))}
    </HeadedTable>
  );
