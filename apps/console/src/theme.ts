import { createTheme, type CSSVariablesResolver } from '@mantine/core';

/** The machine's own fonts: nothing is loaded from elsewhere, and the page looks at home. */
export const theme = createTheme({
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  primaryColor: 'cyan',
  primaryShade: 9,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  focusRing: 'auto',
});

/** Quieter texts that still reach 4.5:1 on their ground (WCAG 2.2 AA, 1.4.3). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5b6672',
    '--lapidary-ground': '#f5f7f9',
    '--lapidary-land': '#d3dbe2',
    // Darker, not lighter, under the pointer: white on the library's own hover colour is below the ratio.
    '--mantine-color-cyan-filled-hover': '#095c6b',
    '--lapidary-good': '#1f7332',
    '--lapidary-bad': '#c92a2a',
    '--lapidary-passing': '#a15c00',
    '--mantine-color-error': '#c92a2a',
  },
  dark: {
    '--mantine-color-dimmed': '#a9b1ba',
    '--lapidary-ground': '#16191d',
    '--lapidary-land': '#3a424b',
    '--mantine-color-cyan-filled-hover': '#095c6b',
    '--lapidary-good': '#69db7c',
    '--lapidary-bad': '#ff8787',
    '--lapidary-passing': '#ffc078',
    '--mantine-color-error': '#ff8787',
  },
});
