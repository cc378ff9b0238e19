"""The terminal screen. It knows the engine's service, the domain, the configuration's forms and the filter grammar."""
