import { Box, Button, Container, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { beginSession } from '../api/commands.js';
import { sessionQuery } from '../api/queries.js';
import { CopyCommand } from '../shell/copy-command.js';
import { ProblemAlert } from '../shell/problem-alert.js';

/** Trades a token for a cookie that scripts can't read; the token itself is kept nowhere in the browser. */
export const LoginPage = (): ReactNode => {
  const [token, setToken] = useState('');
  const { failed } = useSearch({ from: '/login' });
  const queries = useQueryClient();
  const navigate = useNavigate();
  const login = useMutation({
    mutationFn: beginSession,
    onSuccess: async (session) => {
      queries.setQueryData(sessionQuery.queryKey, session);
      await navigate({ to: '/' });
    },
  });
  return (
    <Container component="main" size={440} py={64}>
      <Paper withBorder p="xl">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            login.mutate(token.trim());
          }}
        >
          <Stack>
            <Box>
              <Title order={1} size="h2">
                Lapidary
              </Title>
              <Text c="dimmed">Sign in with an API token.</Text>
            </Box>
            {failed && !login.error && (
              <Text role="alert" size="sm" className="bad">
                The token in the link was not accepted. Tokens change when a fleet is set up anew.
              </Text>
            )}
            <PasswordInput
              label="Token"
              value={token}
              onChange={(event) => setToken(event.currentTarget.value)}
              autoComplete="current-password"
              required
              withAsterisk={false}
              data-autofocus
              visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the token', tabIndex: 0, 'aria-hidden': false }}
            />
            {login.error && <ProblemAlert error={login.error} />}
            <Button type="submit" loading={login.isPending}>
              Sign in
            </Button>
            <Box>
              <Text size="sm" c="dimmed" mb={4}>
                Beside a running “npm start” the token is in a file:
              </Text>
              <CopyCommand command="cat .lapidary/admin.token" />
            </Box>
          </Stack>
        </form>
      </Paper>
    </Container>
  );
};
