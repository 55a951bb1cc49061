import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { daysText } from '@lapidary/kernel/days-text';
import type { CapacityOutlook } from '@lapidary/contracts/api/capacity';
import { Fact } from '../shell/fact.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';

const days = (value: number | null): string => (value === null ? 'not at this rate' : daysText(value));
const usd = (value: number | null): string =>
  value === null ? 'unknown' : `${value.toLocaleString('en', { maximumFractionDigits: 0 })} USD`;

/** The policy's thresholds, each beside the figure that is held against it, and what is decided now. */
export const OutlookFacts = ({ outlook: { policy, figures, verdict, last } }: { outlook: CapacityOutlook }): ReactNode => (
  <Stack gap="sm">
    <Text size="sm">
      <Status value={verdict.action === 'none' ? 'passed' : 'warning'}>
        {verdict.action === 'none' ? 'nothing is due' : `${verdict.action} ${verdict.stamp ?? 'another stamp'}`}
      </Status>
    </Text>
    <Text size="sm">{verdict.reason}</Text>
    <dl className="facts">
      <Fact name="policy">{policy.mode}</Fact>
      <Fact name="headroom">
        {figures.headroomPercent === null ? 'no pooled stamp takes tenants' : `${Math.round(figures.headroomPercent)} %`}, at least{' '}
        {policy.headroomPercent} % wanted
      </Fact>
      <Fact name="free">
        {figures.units.free.toLocaleString('en')} of {figures.units.total.toLocaleString('en')} units
      </Fact>
      <Fact name="stamps">
        {figures.stamps} of at most {policy.stampsMax}
      </Fact>
      <Fact name="full in">
        {days(figures.daysToFull)}; building one takes {days(figures.leadTimeDays)} with reserve
      </Fact>
      <Fact name="waiting">
        {figures.pending.tenants} {figures.pending.tenants === 1 ? 'tenant' : 'tenants'}, {figures.pending.units}{' '}
        {figures.pending.units === 1 ? 'unit' : 'units'}
        {figures.pending.tooLarge.length > 0 ? `; too large for any stamp: ${figures.pending.tooLarge.join(', ')}` : ''}
      </Fact>
      {figures.monthlyCostUsd !== null && (
        <Fact name="cost a month">
          {usd(figures.monthlyCostUsd.now)}, {usd(figures.monthlyCostUsd.withNext)} with the next
          {policy.monthlyCostUsdMax === undefined ? '' : `, at most ${usd(policy.monthlyCostUsdMax)}`}
        </Fact>
      )}
    </dl>
    {last !== null && (
      <Text size="xs" c="dimmed">
        last decision <TimeAgo at={last.decidedAt} />: {last.reason}
      </Text>
    )}
  </Stack>
);
