import { Alert, Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

export interface Made {
  readonly name: string;
  readonly secret: string;
}

export const SecretOnce = ({ made: { name, secret }, close }: { made: Made; close: () => void }): ReactNode => (
  <Stack>
    <Alert variant="outline" color="yellow" role="status">
      <Text size="sm">
        It is shown this once: the control plane knows only its digest, and nobody can show it again. Who loses it gets another token.
      </Text>
    </Alert>
    <Group wrap="nowrap" align="center">
      <Code data-testid="secret" style={{ overflowWrap: 'anywhere', flex: 1 }}>
        {secret}
      </Code>
      <CopyButton value={secret} timeout={1500}>
        {({ copied, copy }) => (
          <Button size="xs" onClick={copy} data-autofocus aria-label={`Copy the secret of ${name}`}>
            {copied ? 'Copied' : 'Copy'}
          </Button>
        )}
      </CopyButton>
    </Group>
    <Text size="sm" c="dimmed">
      It is used as <Code>STAMPCTL_TOKEN</Code>, in <Code>Authorization: Bearer …</Code>, or to sign in to this console.
    </Text>
    <Group justify="flex-end">
      <Button variant="default" onClick={close}>
        I have kept it
      </Button>
    </Group>
  </Stack>
);
