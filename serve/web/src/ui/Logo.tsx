export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" style={{ flexShrink: 0 }}>
      <rect width="32" height="32" rx="8" fill="#0b7581" />
      <path
        d="M5 13c3.7-4.6 7.3-4.6 11 0s7.3 4.6 11 0M5 21c3.7-4.6 7.3-4.6 11 0s7.3 4.6 11 0"
        fill="none" stroke="#fff" strokeWidth="3" strokeLinecap="round"
      />
    </svg>
  )
}
