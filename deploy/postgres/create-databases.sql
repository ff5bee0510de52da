-- Run by the image of PostgreSQL when its volume is new. Temporal's databases are made by deploy/temporal/set-up-schema.sh.
CREATE DATABASE hapi;
