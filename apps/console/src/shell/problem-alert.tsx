import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { toAppError } from '@lapidary/kernel/app-error';
import type { ReactNode } from 'react';

/** What happened, what to check, and the code by which the runbook is found. */
export const ProblemAlert = ({ error, retry }: { error: unknown; retry?: () => void }): ReactNode => {
  const problem = toAppError(error);
  const { check, requestId } = problem.details;
  // Accepted and waiting is no failure, though it is not what was asked for either.
  const failed = problem.entry.status >= 400;
  return (
    <Alert
      role="alert"
      variant="outline"
      color={failed ? 'red' : 'yellow'}
      title={
        <Text c="inherit" className={failed ? 'bad' : 'passing'}>
          {problem.message}
        </Text>
      }
      my="sm"
    >
      <Stack gap={4}>
        {problem.fields.map((field) => (
          <Text size="sm" key={`${field.path} ${field.message}`}>
            {field.path === '' ? '' : `${field.path}: `}
            {field.message}
          </Text>
        ))}
        <Text size="sm">{typeof check === 'string' ? check : problem.entry.check}</Text>
        <Group justify="space-between">
          <Text size="xs" c="dimmed" className="mono">
            {problem.code}
            {typeof requestId === 'string' ? `, request ${requestId}` : ''}
          </Text>
          {retry && (
            <Button size="xs" variant="default" onClick={retry}>
              Try again
            </Button>
          )}
        </Group>
      </Stack>
    </Alert>
  );
};
