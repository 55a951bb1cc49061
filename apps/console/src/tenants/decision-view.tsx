import { Paper, Stack, Table, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Decision } from '@lapidary/contracts/api/tenants';
import { TimeAgo } from '../shell/time-ago.js';

type Candidate = Decision['candidates'][number];

const figure = (value: number): string => String(Math.round(value * 100) / 100);

/** Every candidate with every rule and score, the chosen one first, then by total. */
export const DecisionView = ({ decision }: { decision: Decision }): ReactNode => {
  const byMerit = (a: Candidate, b: Candidate): number =>
    Number(b.stamp === decision.chosen) - Number(a.stamp === decision.chosen) ||
    (b.total ?? -1) - (a.total ?? -1) ||
    a.stamp.localeCompare(b.stamp);
  return (
    <Stack gap="sm">
      <Text size="sm">
        {decision.summary}{' '}
        <Text component="span" size="sm" c="dimmed">
          (<TimeAgo at={decision.at} />)
        </Text>
      </Text>
      {decision.candidates.length === 0 && (
        <Text size="sm" c="dimmed">
          No stamp was a candidate.
        </Text>
      )}
      {[...decision.candidates].sort(byMerit).map((candidate) => (
        <CandidateCard key={candidate.stamp} candidate={candidate} chosen={candidate.stamp === decision.chosen} />
      ))}
    </Stack>
  );
};

const CandidateCard = ({ candidate, chosen }: { candidate: Candidate; chosen: boolean }): ReactNode => (
  <Paper withBorder p="sm" style={chosen ? { borderColor: 'var(--mantine-primary-color-filled)', borderWidth: 2 } : undefined}>
    <Title order={3} size="h6">
      {candidate.stamp} <span className="quiet">in {candidate.region}</span>{' '}
      {candidate.eligible ? <span>total {figure(candidate.total ?? 0)}</span> : <span className="bad">refused</span>}
      {chosen && <span className="good"> ◀ chosen</span>}
    </Title>
    <Table aria-label={`Rules and scores for ${candidate.stamp}`} withRowBorders={false} verticalSpacing={2} horizontalSpacing={6} fz="sm">
      <Table.Tbody>
        {candidate.rules.map((rule) => (
          <Table.Tr key={rule.rule} style={{ verticalAlign: 'top' }}>
            <Table.Td w={20} className={rule.pass ? 'good' : 'bad'}>
              <span role="img" aria-label={rule.pass ? 'passed' : 'refused'}>
                {rule.pass ? '✓' : '✗'}
              </span>
            </Table.Td>
            <Table.Th scope="row" fw={500}>
              {rule.rule}
            </Table.Th>
            <Table.Td colSpan={2}>{rule.reason}</Table.Td>
          </Table.Tr>
        ))}
        {candidate.scores.map((score) => (
          <Table.Tr key={score.score} style={{ verticalAlign: 'top' }}>
            <Table.Td />
            <Table.Th scope="row" fw={500}>
              {score.score}
            </Table.Th>
            <Table.Td className="numeric">
              {figure(score.value)} × {figure(score.weight)}
            </Table.Td>
            <Table.Td>{score.reason}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  </Paper>
);
