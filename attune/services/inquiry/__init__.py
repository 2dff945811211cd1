"""Inquiries: questions that executions put to people, and what becomes of them."""
