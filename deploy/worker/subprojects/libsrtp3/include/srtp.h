// The calls of libsrtp 3 that the worker makes, written over libsrtp 2.
//
// Version 3 hides the policy behind functions and reads from one buffer while it writes to another; version 2
// fills in a struct and works in place. So a policy here owns a struct and the key that the struct points to,
// and the protecting calls copy the packet first: 1,200 bytes, some 30 ns of about 5 µs.
#pragma once

#include <srtp2/srtp.h>

#include <cstring>
#include <new>

// Codes that version 2 has not got. The worker only turns them into words.
#define srtp_err_status_buffer_small ((srtp_err_status_t)1001)
#define srtp_err_status_cryptex_err ((srtp_err_status_t)1002)

namespace srtp3
{
	struct Policy
	{
		::srtp_policy_t v2{};
		uint8_t key[SRTP_MAX_KEY_LEN]{};
	};

	inline srtp_err_status_t PolicyCreate(Policy** policy)
	{
		*policy = new (std::nothrow) Policy();

		return *policy ? srtp_err_status_ok : srtp_err_status_alloc_fail;
	}

	inline void PolicyDestroy(Policy* policy)
	{
		if (!policy)
		{
			return;
		}

		// The key must not stay behind in freed memory; volatile, or the compiler may drop the writes.
		for (volatile uint8_t& byte : policy->key)
		{
			byte = 0;
		}

		delete policy;
	}

	inline srtp_err_status_t PolicySetSsrc(Policy* policy, srtp_ssrc_t ssrc)
	{
		policy->v2.ssrc = ssrc;

		return srtp_err_status_ok;
	}

	inline srtp_err_status_t PolicySetProfile(Policy* policy, srtp_profile_t profile)
	{
		const auto status = srtp_crypto_policy_set_from_profile_for_rtp(&policy->v2.rtp, profile);

		return status ? status : srtp_crypto_policy_set_from_profile_for_rtcp(&policy->v2.rtcp, profile);
	}

	// Version 2 takes key and salt as one run of bytes. The worker uses no MKI.
	inline srtp_err_status_t PolicyAddKey(
	  Policy* policy,
	  const uint8_t* key,
	  size_t keyLen,
	  const uint8_t* salt,
	  size_t saltLen,
	  const uint8_t* /*mki*/,
	  size_t /*mkiLen*/)
	{
		if (keyLen + saltLen > sizeof(policy->key))
		{
			return srtp_err_status_bad_param;
		}

		std::memcpy(policy->key, key, keyLen);
		std::memcpy(policy->key + keyLen, salt, saltLen);
		policy->v2.key = policy->key;

		return srtp_err_status_ok;
	}

	inline srtp_err_status_t PolicySetAllowRepeatTx(Policy* policy, bool allow)
	{
		policy->v2.allow_repeat_tx = allow;

		return srtp_err_status_ok;
	}

	inline srtp_err_status_t PolicySetWindowSize(Policy* policy, size_t size)
	{
		policy->v2.window_size = size;

		return srtp_err_status_ok;
	}

	inline srtp_err_status_t Create(srtp_t* session, const Policy* policy)
	{
		return srtp_create(session, &policy->v2);
	}

	// The worker passes the SSRC in network order, which is what version 2 wants.
	inline srtp_err_status_t StreamRemove(srtp_t session, uint32_t ssrc)
	{
		return srtp_remove_stream(session, ssrc);
	}

	using InPlaceCall = srtp_err_status_t (*)(srtp_t, void*, int*);

	inline srtp_err_status_t Run(
	  InPlaceCall call, srtp_t session, const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen)
	{
		if (in != out)
		{
			std::memcpy(out, in, inLen);
		}

		int len           = static_cast<int>(inLen);
		const auto status = call(session, out, &len);

		if (!status)
		{
			*outLen = static_cast<size_t>(len);
		}

		return status;
	}

	inline srtp_err_status_t Protect(
	  srtp_t session, const uint8_t* rtp, size_t len, uint8_t* srtp, size_t* srtpLen, size_t /*mkiIndex*/)
	{
		return *srtpLen < len + SRTP_MAX_TRAILER_LEN ? srtp_err_status_buffer_small
		                                             : Run(srtp_protect, session, rtp, len, srtp, srtpLen);
	}

	// SRTCP appends its index, a word, beside the tag.
	inline srtp_err_status_t ProtectRtcp(
	  srtp_t session, const uint8_t* rtcp, size_t len, uint8_t* srtcp, size_t* srtcpLen, size_t /*mkiIndex*/)
	{
		return *srtcpLen < len + SRTP_MAX_TRAILER_LEN + sizeof(uint32_t)
		         ? srtp_err_status_buffer_small
		         : Run(srtp_protect_rtcp, session, rtcp, len, srtcp, srtcpLen);
	}

	inline srtp_err_status_t Unprotect(
	  srtp_t session, const uint8_t* srtp, size_t len, uint8_t* rtp, size_t* rtpLen)
	{
		return Run(srtp_unprotect, session, srtp, len, rtp, rtpLen);
	}

	inline srtp_err_status_t UnprotectRtcp(
	  srtp_t session, const uint8_t* srtcp, size_t len, uint8_t* rtcp, size_t* rtcpLen)
	{
		return Run(srtp_unprotect_rtcp, session, srtcp, len, rtcp, rtcpLen);
	}
} // namespace srtp3

// From here on version 3's names mean the functions above. In version 3 the policy is a pointer.
#define srtp_policy_t srtp3::Policy*
#define srtp_policy_create srtp3::PolicyCreate
#define srtp_policy_destroy srtp3::PolicyDestroy
#define srtp_policy_set_ssrc srtp3::PolicySetSsrc
#define srtp_policy_set_profile srtp3::PolicySetProfile
#define srtp_policy_add_key srtp3::PolicyAddKey
#define srtp_policy_set_allow_repeat_tx srtp3::PolicySetAllowRepeatTx
#define srtp_policy_set_window_size srtp3::PolicySetWindowSize
#define srtp_create srtp3::Create
#define srtp_stream_remove srtp3::StreamRemove
#define srtp_protect srtp3::Protect
#define srtp_protect_rtcp srtp3::ProtectRtcp
#define srtp_unprotect srtp3::Unprotect
#define srtp_unprotect_rtcp srtp3::UnprotectRtcp
