import { ActionIcon, Code, CopyButton, Group, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';

/** The same on the command line, ready to paste: what is seen here can be scripted. */
export const CopyCommand = ({ command }: { command: string }): ReactNode => (
  <Group gap={6} wrap="nowrap" style={{ minWidth: 0 }}>
    <Code className="command" c="inherit">
      {command}
    </Code>
    <CopyButton value={command} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : 'Copy'} withArrow>
          <ActionIcon variant="subtle" color="gray" c="dimmed" size="sm" onClick={copy} aria-label={`Copy command: ${command}`}>
            {copied ? <TickIcon /> : <CopyIcon />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  </Group>
);

const CopyIcon = (): ReactNode => (
  <svg width="14" height="14" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 5.5V4A1.5 1.5 0 0 0 9 2.5H4A1.5 1.5 0 0 0 2.5 4v5A1.5 1.5 0 0 0 4 10.5h1.5" />
  </svg>
);

const TickIcon = (): ReactNode => (
  <svg width="14" height="14" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden="true">
    <path d="M3 8.5l3.5 3.5L13 4.5" />
  </svg>
);
