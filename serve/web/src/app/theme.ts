import { createTheme } from '@mui/material/styles'

const SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif'
export const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace'

/** One accent colour, a 4-pixel grid, dense controls, and both schemes. */
export const theme = createTheme({
  cssVariables: { colorSchemeSelector: 'data' },
  colorSchemes: {
    light: {
      palette: {
        primary: { main: '#0b7581', dark: '#085b65', light: '#3d98a2', contrastText: '#ffffff' },
        success: { main: '#2c7a3f' },
        warning: { main: '#96600a' },
        error: { main: '#bf3535' },
        info: { main: '#55657a' },
        background: { default: '#f6f8f9', paper: '#ffffff' },
        text: { primary: '#18222c', secondary: '#55626f' },
        divider: '#dfe5e9',
      },
    },
    dark: {
      palette: {
        primary: { main: '#54c2cd', dark: '#3aa4af', light: '#83d5dd', contrastText: '#06252a' },
        success: { main: '#6cc381' },
        warning: { main: '#e0ab51' },
        error: { main: '#f08585' },
        info: { main: '#a3b1c0' },
        background: { default: '#11171c', paper: '#182027' },
        text: { primary: '#e4eaef', secondary: '#9eabb7' },
        divider: '#2a353e',
      },
    },
  },
  spacing: 4,
  shape: { borderRadius: 6 },
  breakpoints: { values: { xs: 0, sm: 600, md: 900, lg: 1200, xl: 1600 } },
  typography: {
    fontFamily: SANS,
    fontSize: 14,
    h1: { fontSize: '1.375rem', fontWeight: 650, lineHeight: 1.3, letterSpacing: '-0.01em' },
    h2: { fontSize: '0.9375rem', fontWeight: 650, lineHeight: 1.4 },
    h3: { fontSize: '0.875rem', fontWeight: 650, lineHeight: 1.4 },
    body1: { fontSize: '0.875rem', lineHeight: 1.5 },
    body2: { fontSize: '0.8125rem', lineHeight: 1.5 },
    caption: { fontSize: '0.75rem', lineHeight: 1.4 },
    button: { textTransform: 'none', fontWeight: 600 },
  },
  components: {
    MuiCssBaseline: {
      styleOverrides: {
        body: { fontVariantNumeric: 'tabular-nums' },
        '*:focus-visible': { outline: '2px solid var(--mui-palette-primary-main)', outlineOffset: '2px' },
        '@media (prefers-reduced-motion: reduce)': {
          '*, *::before, *::after': {
            animationDuration: '0.01ms !important',
            animationIterationCount: '1 !important',
            // Not almost nothing: each level of a page would wait a frame for the one above to change its colour.
            transitionDuration: '0s !important',
            transitionDelay: '0s !important',
            scrollBehavior: 'auto !important',
          },
        },
      },
    },
    MuiButtonBase: { defaultProps: { disableRipple: true } },
    MuiButton: { defaultProps: { size: 'small', disableElevation: true } },
    MuiIconButton: { defaultProps: { size: 'small' } },
    MuiTextField: { defaultProps: { size: 'small' } },
    MuiSelect: { defaultProps: { size: 'small' } },
    MuiFormControl: { defaultProps: { size: 'small' } },
    MuiChip: { defaultProps: { size: 'small' } },
    MuiTable: { defaultProps: { size: 'small' } },
    MuiTableCell: {
      styleOverrides: {
        root: {
          padding: '6px 12px',
          fontSize: '0.8125rem',
          '&:first-of-type': { paddingLeft: 16 },
          '&:last-of-type': { paddingRight: 16 },
        },
        head: { color: 'var(--mui-palette-text-secondary)', fontWeight: 600, fontSize: '0.75rem', whiteSpace: 'nowrap' },
      },
    },
    MuiPaper: { defaultProps: { elevation: 0 }, styleOverrides: { root: { backgroundImage: 'none' } } },
    MuiLink: { defaultProps: { underline: 'hover' } },
    MuiAlert: { styleOverrides: { root: { padding: '4px 12px', alignItems: 'center' } } },
    MuiTab: { styleOverrides: { root: { minHeight: 40, padding: '8px 12px', minWidth: 0 } } },
    MuiTabs: { styleOverrides: { root: { minHeight: 40 } } },
    MuiDialog: { defaultProps: { fullWidth: true, maxWidth: 'sm' } },
  },
})
