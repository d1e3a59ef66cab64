"""TXT records through the resolvers of the system."""

from __future__ import annotations

from collections.abc import Sequence

from models.domain.errors import Unavailable

_SECONDS = 5.0
_MOST = 50


class DnsTxtRecords:
    """Asks the name servers that the system is set to; made, with what it imports, when the first question comes."""

    async def look_up(self, name: str) -> Sequence[str]:
        """See TxtRecords.look_up."""
        import dns.asyncresolver  # noqa: PLC0415 - nothing else needs it
        import dns.exception  # noqa: PLC0415
        import dns.resolver  # noqa: PLC0415

        try:
            resolver = dns.asyncresolver.Resolver()
            answer = await resolver.resolve(name, "TXT", lifetime=_SECONDS, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise Unavailable(f"The name servers did not answer for {name} ({type(error).__name__}).") from None
        texts = (b"".join(record.strings).decode("utf-8", "replace") for record in answer)
        return [text for text, _ in zip(texts, range(_MOST), strict=False)]
