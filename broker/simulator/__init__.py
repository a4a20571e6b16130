"""Development only: an OAuth 2 and OpenID Connect server in the broker's own process that stands in for every
provider of the catalogue, and a page that tries a sign-in. The broker speaks to it over true HTTP.
"""
