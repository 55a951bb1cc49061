import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The control plane serves dist on its own origin; `vite dev` forwards the API to a running one. */
const controlPlane = process.env.LAPIDARY_DEV_API ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  // Our libraries are read from their sources, as the type-checker and the tests do.
  resolve: { conditions: ['source', 'module', 'browser', 'production'] },
  server: { proxy: { '/v1': controlPlane } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The content security policy allows no inline data but images and fonts; small files stay files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What changes seldom stays in the browser's cache when we change.
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
            { name: 'mantine', test: /node_modules\/(@mantine|@floating-ui)\// },
            { name: 'tanstack', test: /node_modules\/@tanstack\// },
            { name: 'zod', test: /node_modules\/zod\// },
            { name: 'map', test: /node_modules\/(d3-|world-atlas|topojson)/ },
          ],
        },
      },
    },
  },
});
