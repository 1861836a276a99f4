"""The names of request parameters of the APIs that models are served with.

Each list is the fields of an API's request, from the published types of one release. Servers have parameters of their
own, so an unknown name is not an error, but a finding of ``check --strict``.
"""

from __future__ import annotations

from typing import Final

_OPENAI: Final = (
    "access_programs audio background background_options best_of context_management conversation echo "
    "frequency_penalty function_call functions image include input instructions logit_bias logprobs "
    "max_completion_tokens max_output_tokens max_tokens max_tool_calls messages metadata modalities model "
    "moderation n parallel_tool_calls prediction presence_penalty previous_response_id prompt prompt_cache_key "
    "prompt_cache_options prompt_cache_retention reasoning reasoning_effort response_format safety_identifier seed "
    "service_tier stop store stream stream_options suffix temperature text tool_choice tools top_logprobs top_p "
    "truncation user verbosity web_search_options "
)
"""Chat Completions, Completions and Responses: openai 3.57.0, ``openai.types``.
Read on 2026-11-30; https://platform.openai.com/docs/api-reference."""

_ANTHROPIC: Final = (
    "cache_control container diagnostics inference_geo max_tokens messages metadata model output_config "
    "service_tier speed stop_sequences stream system temperature thinking tool_choice tools top_k top_p "
    "user_profile_id workspace_id "
)
"""Messages: anthropic 2.14.0, ``anthropic.types.message_create_params``, with the sampling parameters of earlier ones.
Read on 2026-11-30; https://docs.claude.com/en/api/messages."""

_VLLM: Final = (
    "add_generation_prompt add_special_tokens allowed_token_ids background bad_words best_of cache_salt "
    "chat_template chat_template_kwargs continue_final_message detokenize documents ec_transfer_params echo "
    "enable_response_messages extra_args flat_logprobs frequency_penalty guided_choice guided_decoding_backend "
    "guided_grammar guided_json guided_json_object guided_regex guided_whitespace_pattern ignore_eos include "
    "include_reasoning include_stop_str_in_output input instructions kv_transfer_params length_penalty logit_bias "
    "logprob_token_ids logprobs max_completion_tokens max_output_tokens max_tokens max_tool_calls media_io_kwargs "
    "messages metadata min_p min_tokens mm_payload mm_processor_kwargs model n output_config "
    "output_text_buffer_length parallel_tool_calls presence_penalty previous_input_messages previous_response_id "
    "priority prompt prompt_cache_key prompt_embeds prompt_logprob_start prompt_logprob_token_ids prompt_logprobs "
    "reasoning reasoning_effort repetition_detection repetition_penalty request_id response_format return_mm_kwargs "
    "return_prompt_text return_token_ids return_token_offsets return_tokens_as_token_ids "
    "routed_experts_prompt_start seed service_tier session_id skip_reading_prefix_cache skip_special_tokens "
    "spaces_between_special_tokens stop stop_sequences stop_token_ids store stream stream_interval stream_options "
    "structured_outputs suffix system temperature text thinking thinking_token_budget tool_choice tools top_k "
    "top_logprobs top_p trace_decode_token_ids truncate_prompt_tokens truncation truncation_side use_beam_search "
    "user vllm_xargs watermarking "
)
"""All endpoints and ``SamplingParams``: vLLM 0.32.0, and the ``guided_*`` parameters that it has replaced.
Read on 2026-11-30; https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html."""

_OTHER_SERVERS: Final = (
    "custom_logit_processor custom_params data_parallel_rank ebnf extra_key json_schema lora_path no_stop_trim "
    "regex return_hidden_states rid separate_reasoning session_params stop_regex stream_reasoning "
    "cache_prompt dry_allowed_length dry_base dry_multiplier dry_penalty_last_n dry_sequence_breakers "
    "dynatemp_exponent dynatemp_range grammar grammar_lazy grammar_triggers id_slot json_schema lora mirostat "
    "mirostat_eta mirostat_tau n_indent n_keep n_predict n_probs parse_tool_calls penalty_prompt "
    "post_sampling_probs reasoning_format reasoning_in_content repeat_last_n repeat_penalty return_progress "
    "return_tokens samplers sse_ping_interval t_max_predict_ms thinking_budget_tokens thinking_forced_open "
    "timings_per_token top_n_sigma typical_p xtc_probability xtc_threshold "
    "debug models plugins provider reasoning route session_id top_a trace transforms "
    "enable_search enable_thinking incremental_output preserve_thinking prompt_mode random_seed reasoning_split "
    "result_format safe_prompt search_options thinking thinking_budget tool_stream "
)
"""SGLang, llama.cpp's server, OpenRouter, and the hosted APIs of Qwen, GLM, MiniMax and Mistral: what their
documentation lists beyond OpenAI's parameters."""

KNOWN_PARAMETERS: Final = frozenset(f"{_OPENAI}{_ANTHROPIC}{_VLLM}{_OTHER_SERVERS}".split())
"""The top-level names in the body of a request."""
