import '@mantine/core/styles.css';
import './console.css';
import { MantineProvider } from '@mantine/core';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { z } from 'zod';
import { isAppError } from '@lapidary/kernel/app-error';
import { beginSession } from './api/commands.js';
import { router } from './router.js';
import { takeTokenFromAddress } from './session/token-link.js';
import { cssVariables, theme } from './theme.js';

// The content security policy forbids code made from strings, which zod would otherwise try.
z.config({ jitless: true });

/** Data that events keep up to date is read again only when they say so. */
const staleMs = 30_000;
const retriesMax = 2;

const isRefused = (error: unknown): boolean => isAppError(error) && (error.code === 'unauthenticated' || error.entry.status < 500);

const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: staleMs, retry: (failures, error) => failures < retriesMax && !isRefused(error) } },
  queryCache: new QueryCache({
    onError: (error) => {
      if (isAppError(error) && error.code === 'unauthenticated') void router.navigate({ to: '/login' });
    },
  }),
});

const start = async (): Promise<void> => {
  const token = takeTokenFromAddress(window.location, window.history);
  if (token !== null) await beginSession(token).catch(() => router.navigate({ to: '/login', search: { failed: true } }));
  const container = document.getElementById('root');
  if (!container) return;
  createRoot(container).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
};

void start();
