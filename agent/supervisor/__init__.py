"""The tiny processes that start a job, keep its output and its exit code, and outlive the agent."""
